namespace ShareRpc.Sources.Opencode;

/// <summary>Selects sessions of a database.</summary>
public sealed record OpencodeSelection
{
    private OpencodeSelection(string? sessionId, bool isAll)
    {
        SessionId = sessionId;
        IsAll = isAll;
    }

    /// <summary>Gets the selection of all sessions, with subagents and later ones.</summary>
    public static OpencodeSelection All { get; } = new(null, isAll: true);

    /// <summary>
    /// Gets the selection of the latest session at the first pass that is not a subagent's, with its subagents.
    /// </summary>
    public static OpencodeSelection Latest { get; } = new(null, isAll: false);

    /// <summary>Gets the selected session id; else null.</summary>
    public string? SessionId { get; }

    /// <summary>Gets whether this is <see cref="All"/>.</summary>
    public bool IsAll { get; }

    /// <summary>Returns the selection of a session with its subagents.</summary>
    public static OpencodeSelection Of(string sessionId) => new(sessionId, isAll: false);

    /// <summary>
    /// Returns all, least recently updated first, each before its subagents; or one, then its subagents. Throws
    /// <see cref="OpencodeException"/> if none.
    /// </summary>
    internal IReadOnlyList<OpencodeSessionInfo> Choose(IReadOnlyList<OpencodeSessionInfo> sessions)
    {
        if (IsAll)
        {
            var known = sessions.Select(session => session.Id).ToHashSet(StringComparer.Ordinal);
            IEnumerable<OpencodeSessionInfo> oldestFirst = sessions.Reverse();
            return WithSubagents(
                [
                    .. oldestFirst.Where(session => session.ParentId is null || !known.Contains(session.ParentId)),
                    .. oldestFirst, // a circle of parents, which no program makes, has no first one
                ],
                sessions);
        }

        OpencodeSessionInfo? chosen = SessionId is null
            ? sessions.FirstOrDefault(session => session.ParentId is null)
            : sessions.FirstOrDefault(session => session.Id == SessionId);
        if (chosen is not null) return WithSubagents([chosen], sessions);
        throw new OpencodeException(SessionId is null
            ? "The database has no session yet. Start one in opencode, or share --all to wait for the first."
            : $"There is no session {SessionId} in the database. Leave --session out for the latest one.");
    }

    /// <summary>Returns each of the first ones, then its subagents of any depth; no session twice.</summary>
    private static List<OpencodeSessionInfo> WithSubagents(
        IReadOnlyList<OpencodeSessionInfo> first, IReadOnlyList<OpencodeSessionInfo> sessions)
    {
        ILookup<string?, OpencodeSessionInfo> children = sessions.ToLookup(session => session.ParentId);
        var found = new List<OpencodeSessionInfo>();
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (OpencodeSessionInfo root in first)
        {
            int at = found.Count;
            if (ids.Add(root.Id)) found.Add(root);
            for (; at < found.Count; at++)
                found.AddRange(children[found[at].Id].Reverse().Where(child => ids.Add(child.Id)));
        }

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
