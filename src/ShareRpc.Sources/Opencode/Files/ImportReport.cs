using ShareRpc.Client.Writing;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Sources.Opencode.Files;

/// <summary>What an import came to.</summary>
/// <param name="State">As it is remembered.</param>
/// <param name="IsEarlier">True when nothing was read, because this tree, or a copy of it, was imported before.</param>
/// <param name="Skipped">What this run left out; at most the first 10,000 (see
/// <see cref="ImportState.SkippedCount"/>).</param>
public sealed record ImportReport(ImportState State, bool IsEarlier, IReadOnlyList<SkippedFile> Skipped);

/// <summary>One session of a tree and its share.</summary>
public sealed class ImportedSession
{
    internal ImportedSession(string sessionId, string? parentId, string title, ShareWriter writer)
    {
        SessionId = sessionId;
        ParentId = parentId;
        Title = title;
        Writer = writer;
    }

    /// <summary>Gets opencode's id of the session.</summary>
    public string SessionId { get; }

    /// <summary>Gets the session that started this one as a subagent; null for one that a person started.</summary>
    public string? ParentId { get; }

    /// <summary>Gets the title, which may be empty. It is untrusted text, not safe for a terminal.</summary>
    public string Title { get; }

    /// <summary>Gets the writer of its share.</summary>
    public ShareWriter Writer { get; }

    /// <summary>Gets the number of message files that are in the share.</summary>
    public int Messages { get; internal set; }

    /// <summary>Gets the number of part files that are in the share.</summary>
    public int Parts { get; internal set; }

    /// <summary>Gets the number of ops that this run enqueued.</summary>
    public int Enqueued { get; internal set; }

    /// <summary>Gets what was replaced in the documents that this run enqueued.</summary>
    public SecretCounts Redacted { get; internal set; } = new();

    /// <summary>Gets the number of files of this session that were left out.</summary>
    public int Skipped { get; internal set; }
}
