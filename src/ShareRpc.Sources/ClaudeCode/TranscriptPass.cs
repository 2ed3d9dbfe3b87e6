using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.ClaudeCode;

/// <summary>How a transcript is read: onward, or again from its start because what is undone changed.</summary>
internal sealed class TranscriptPass
{
    /// <summary>Gets the tree; null when reading onward.</summary>
    public ConversationTree? Tree { get; init; }

    /// <summary>Gets where new lines begin: before them only documents whose mark changed are put.</summary>
    public long Resume { get; init; }

    /// <summary>Gets whether everything is undone, as of a subagent whose start was undone.</summary>
    public bool IsUndone { get; init; }

    /// <summary>Gets the subagents by the calls that started them.</summary>
    public IReadOnlyDictionary<string, string> Agents { get; init; } = new Dictionary<string, string>();

    /// <summary>Gets the folder of outputs that are too large for the transcript.</summary>
    public string Outputs { get; init; } = "";

    /// <summary>Counts a record that is not known.</summary>
    public Action<string> Unknown { get; init; } = _ => { };

    public required Action<DocumentChange> Emit { get; init; }

    /// <summary>Returns whether a document is put.</summary>
    public bool Wants(bool isUndone, bool wasUndone, long offset) =>
        Tree is null || offset >= Resume || isUndone != wasUndone;
}
