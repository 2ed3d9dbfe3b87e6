using ShareRpc.Client.Writing;

namespace ShareRpc.Sources.Opencode.Files;

/// <summary>What an import came to.</summary>
/// <param name="State">As it is remembered.</param>
/// <param name="IsEarlier">True when nothing was read, because this tree, or a copy of it, was imported before.</param>
/// <param name="Skipped">What this run left out; at most the first 10,000 (see <see cref="ImportState.SkippedCount"/>).</param>
public sealed record ImportReport(ImportState State, bool IsEarlier, IReadOnlyList<SkippedFile> Skipped);
