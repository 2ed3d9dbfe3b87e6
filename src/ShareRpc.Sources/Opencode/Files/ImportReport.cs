using ShareRpc.Client.Writing;
using ShareRpc.Sources.LeftOut;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Sources.Opencode.Files;

/// <summary>What an import came to.</summary>
/// <param name="State">As it is remembered.</param>
/// <param name="IsEarlier">True when nothing was read, because this tree, or a copy of it, was imported before.</param>
/// <param name="Skipped">What this run left out; at most the first 10,000 (see
/// <see cref="ImportState.SkippedCount"/>).</param>
public sealed record ImportReport(ImportState State, bool IsEarlier, IReadOnlyList<SkippedFile> Skipped);

/// <summary>One imported session with its subagents, and its share.</summary>
public sealed class ImportedSession
{
    internal ImportedSession(string sessionId, string? parentId, string title, ShareWriter writer)
    {
        SessionId = sessionId;
        ParentId = parentId;
        Title = title;
        Writer = writer;
    }

    /// <summary>Gets the opencode session id.</summary>
    public string SessionId { get; }

    /// <summary>Gets the parent of a subagent session; else null.</summary>
    public string? ParentId { get; }

    /// <summary>Gets the title. May be empty; untrusted.</summary>
    public string Title { get; }

    /// <summary>Gets the writer of its share.</summary>
    public ShareWriter Writer { get; }

    /// <summary>Gets the number of shared message files.</summary>
    public int Messages { get; internal set; }

    /// <summary>Gets the number of shared part files.</summary>
    public int Parts { get; internal set; }

    /// <summary>Gets the number of enqueued ops.</summary>
    public int Enqueued { get; internal set; }

    /// <summary>Gets what this run replaced.</summary>
    public SecretCounts Redacted { get; } = new();

    /// <summary>Gets the number of files that were not shared whole.</summary>
    public int Skipped { get; internal set; }

    /// <summary>Gets the documents in whose place a placeholder was sent.</summary>
    public IReadOnlyList<LeftOutDocument> LeftOut { get; internal set; } = [];
}
