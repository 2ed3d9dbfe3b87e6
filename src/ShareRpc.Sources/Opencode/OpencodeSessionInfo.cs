namespace ShareRpc.Sources.Opencode;

/// <summary>One session as the database lists it.</summary>
/// <param name="Id">opencode's own id, <c>ses_...</c>.</param>
/// <param name="ParentId">The session that started this one as a subagent; null for one that a person started.</param>
/// <param name="Title">May be empty.</param>
/// <param name="TimeUpdated">Milliseconds since 1970 UTC.</param>
/// <param name="EventSeq">The last seq in its event log; -1 when it has none (imported or migrated).</param>
/// <param name="TodoUpdated">When its to-do list last changed; -1 when it has none.</param>
public sealed record OpencodeSessionInfo(string Id, string? ParentId, string Title, long TimeUpdated, long EventSeq, long TodoUpdated)
{
    private const int MaxLabelLength = 200;

    /// <summary>The title as a share's label: at most 200 characters, null when there is none.</summary>
    internal string? Label
    {
        get
        {
            if (Title.Length <= MaxLabelLength) return Title.Length == 0 ? null : Title;
            int length = char.IsHighSurrogate(Title[MaxLabelLength - 1]) ? MaxLabelLength - 1 : MaxLabelLength;
            return Title[..length];
        }
    }
}
