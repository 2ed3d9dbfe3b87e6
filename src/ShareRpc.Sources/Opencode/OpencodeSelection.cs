namespace ShareRpc.Sources.Opencode;

/// <summary>Which sessions of a database are meant.</summary>
public sealed record OpencodeSelection
{
    private OpencodeSelection(string? sessionId, bool isAll)
    {
        SessionId = sessionId;
        IsAll = isAll;
    }

    /// <summary>Gets the selection of every session, those of subagents and later ones included.</summary>
    public static OpencodeSelection All { get; } = new(null, isAll: true);

    /// <summary>
    /// Gets the selection of the session that a person started and that was updated last at the first pass, and of its
    /// subagents'.
    /// </summary>
    public static OpencodeSelection Latest { get; } = new(null, isAll: false);

    /// <summary>Gets the id of the selected session; null for the other two.</summary>
    public string? SessionId { get; }

    /// <summary>Gets whether this is <see cref="All"/>.</summary>
    public bool IsAll { get; }

    /// <summary>Returns the selection of the session with this id, and of its subagents'.</summary>
    public static OpencodeSelection Of(string sessionId) => new(sessionId, isAll: false);

    /// <summary>
    /// Returns the sessions meant, in the order they are to be read: all, what was updated longest ago first; or one,
    /// and then the sessions of its subagents and of theirs, unless it goes into a share that takes one.
    /// <see cref="OpencodeException"/> when there is none.
    /// </summary>
    internal IReadOnlyList<OpencodeSessionInfo> Choose(IReadOnlyList<OpencodeSessionInfo> sessions, bool isAlone)
    {
        if (IsAll) return [.. sessions.Reverse()];
        OpencodeSessionInfo? chosen = SessionId is null
            ? sessions.FirstOrDefault(session => session.ParentId is null)
            : sessions.FirstOrDefault(session => session.Id == SessionId);
        if (chosen is not null) return isAlone ? [chosen] : WithSubagents(chosen, sessions);
        throw new OpencodeException(SessionId is null
            ? "The database has no session yet. Start one in opencode, or share --all to wait for the first."
            : $"There is no session {SessionId} in the database. Leave --session out for the latest one.");
    }

    private static List<OpencodeSessionInfo> WithSubagents(OpencodeSessionInfo chosen,
        IReadOnlyList<OpencodeSessionInfo> sessions)
    {
        ILookup<string?, OpencodeSessionInfo> children = sessions.ToLookup(session => session.ParentId);
        var found = new List<OpencodeSessionInfo> { chosen };
        var ids = new HashSet<string>(StringComparer.Ordinal) { chosen.Id };
        for (int i = 0; i < found.Count; i++)
            found.AddRange(children[found[i].Id].Reverse().Where(child => ids.Add(child.Id)));
        return found;
    }
}

/// <summary>One session as the database lists it.</summary>
/// <param name="Id">opencode's own id, <c>ses_...</c>.</param>
/// <param name="ParentId">The session that started this one as a subagent; null for one that a person started.</param>
/// <param name="Title">May be empty.</param>
/// <param name="TimeUpdated">Milliseconds since 1970 UTC.</param>
/// <param name="EventSeq">The last seq in its event log; -1 when it has none (imported or migrated).</param>
/// <param name="TodoUpdated">When its to-do list last changed; -1 when it has none.</param>
public sealed record OpencodeSessionInfo(string Id, string? ParentId, string Title, long TimeUpdated, long EventSeq,
    long TodoUpdated)
{
    private const int MaxLabelLength = 200;

    /// <summary>Gets the title as a share's label: at most 200 characters, null when there is none.</summary>
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
