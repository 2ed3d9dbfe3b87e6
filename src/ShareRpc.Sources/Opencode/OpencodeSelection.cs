namespace ShareRpc.Sources.Opencode;

/// <summary>Which sessions of a database are meant.</summary>
public sealed record OpencodeSelection
{
    private OpencodeSelection(string? sessionId, bool isAll)
    {
        SessionId = sessionId;
        IsAll = isAll;
    }

    /// <summary>Every session, subagents' too, and those that appear later.</summary>
    public static OpencodeSelection All { get; } = new(null, isAll: true);

    /// <summary>The most recently updated session that a person started, as of the first look.</summary>
    public static OpencodeSelection Latest { get; } = new(null, isAll: false);

    /// <summary>The one with this id; null for the other two.</summary>
    public string? SessionId { get; }

    /// <summary>True for <see cref="All"/>.</summary>
    public bool IsAll { get; }

    /// <summary>The session with this id.</summary>
    public static OpencodeSelection Of(string sessionId) => new(sessionId, isAll: false);

    /// <summary>The sessions meant; <see cref="OpencodeException"/> when there is none.</summary>
    internal IReadOnlyList<OpencodeSessionInfo> Choose(IReadOnlyList<OpencodeSessionInfo> sessions)
    {
        if (IsAll) return sessions;
        OpencodeSessionInfo? chosen = SessionId is null
            ? sessions.FirstOrDefault(session => session.ParentId is null)
            : sessions.FirstOrDefault(session => session.Id == SessionId);
        if (chosen is not null) return [chosen];
        throw new OpencodeException(SessionId is null
            ? "The database has no session yet. Start one in opencode, or share --all to wait for the first."
            : $"There is no session {SessionId} in the database. Leave --session out for the latest one.");
    }
}
