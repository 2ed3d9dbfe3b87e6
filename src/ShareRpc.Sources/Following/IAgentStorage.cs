namespace ShareRpc.Sources.Following;

/// <summary>
/// Reads the storage of one agent on this machine; never writes there. Made once a process; one caller at a time.
/// </summary>
internal interface IAgentStorage
{
    /// <summary>Gets the agent: <c>claude</c>, <c>codex</c>, <c>gemini</c> or <c>opencode</c>.</summary>
    string Agent { get; }

    /// <summary>
    /// Gets the folders, with those below, whose file events say that a session may have grown; may be missing on disk.
    /// A file stands for itself and those beside it whose names begin with its name.
    /// </summary>
    IReadOnlyList<string> WatchedFolders { get; }

    /// <summary>
    /// Lists the sessions that people started, newest first, without those of subagents. Throws
    /// <see cref="UnknownStorageException"/> for a storage that it cannot place; never returns an empty list for one.
    /// </summary>
    IReadOnlyList<AgentSession> Sessions();

    /// <summary>Opens a session behind what was read. The caller disposes the reader.</summary>
    /// <param name="session">One of <see cref="Sessions"/>.</param>
    /// <param name="bookmark">The bookmark of the last step that was stored; null to read from the start. One that
    /// this version cannot read is taken as null.</param>
    ISessionReader Open(AgentSession session, string? bookmark);
}
