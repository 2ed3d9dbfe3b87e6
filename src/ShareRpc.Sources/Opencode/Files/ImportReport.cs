using ShareRpc.Client.Writing;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Sources.Opencode.Files;

/// <summary>What an import came to.</summary>
/// <param name="State">As it is remembered.</param>
/// <param name="IsEarlier">True when nothing was read, because this tree, or a copy of it, was imported before.</param>
/// <param name="Skipped">What this run left out; at most the first 10,000 (see <see cref="ImportState.SkippedCount"/>).</param>
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

    /// <summary>opencode's id of the session.</summary>
    public string SessionId { get; }

    /// <summary>The session that started this one as a subagent; null for one that a person started.</summary>
    public string? ParentId { get; }

    /// <summary>May be empty. A stranger's text: not fit for a terminal as it is.</summary>
    public string Title { get; }

    /// <summary>The share it goes to.</summary>
    public ShareWriter Writer { get; }

    /// <summary>Message files that are in the share.</summary>
    public int Messages { get; internal set; }

    /// <summary>Part files that are in the share.</summary>
    public int Parts { get; internal set; }

    /// <summary>Ops that this run enqueued.</summary>
    public int Enqueued { get; internal set; }

    /// <summary>What was replaced in the documents that this run enqueued.</summary>
    public SecretCounts Redacted { get; internal set; } = new();

    /// <summary>Files of this session that were left out.</summary>
    public int Skipped { get; internal set; }
}
