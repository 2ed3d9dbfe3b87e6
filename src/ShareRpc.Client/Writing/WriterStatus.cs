namespace ShareRpc.Client.Writing;

/// <summary>Status of a share's outbox.</summary>
public sealed record WriterStatus
{
    public required string ShareId { get; init; }

    public required string ExternalKey { get; init; }

    public string? Label { get; init; }

    /// <summary>Gets the number of unsent ops.</summary>
    public required long Pending { get; init; }

    /// <summary>Gets the number of unacked sent ops.</summary>
    public required long InFlight { get; init; }

    /// <summary>Gets the number of parked ops and of requests that failed for good.</summary>
    public required long Failed { get; init; }

    /// <summary>Gets how many of those had failed before this client was opened.</summary>
    public long FailedEarlier { get; init; }

    /// <summary>Gets how many of those are requests: see <see cref="ShareWriter.ListRequestsAsync"/>.</summary>
    public long FailedRequests { get; init; }

    /// <summary>Gets the number of ops waiting for a dependency.</summary>
    public required long Waiting { get; init; }

    /// <summary>Gets the number of ops ever acked.</summary>
    public long Acked => Applied + Duplicates;

    /// <summary>Gets the number of ops ever applied.</summary>
    public required long Applied { get; init; }

    /// <summary>Gets the number of duplicates ever acked.</summary>
    public required long Duplicates { get; init; }

    /// <summary>Gets the head at the newest ack.</summary>
    public required long Cursor { get; init; }

    /// <summary>Gets whether others may have appended.</summary>
    public bool ForeignOps => Cursor > Applied;

    /// <summary>Gets ops that the server had acknowledged and has not any more, since it was restored.</summary>
    public IReadOnlyList<MissingOps> Missing { get; init; } = [];

    /// <summary>Gets the newest permanent error's name, or null.</summary>
    public string? LastError { get; init; }

    /// <summary>Gets why nothing can be sent; null while open.</summary>
    public string? ClosedCode { get; init; }

    /// <summary>
    /// Gets why sending of this share failed unexpectedly in this process; it is tried again, alone. Null while it
    /// works.
    /// </summary>
    public Exception? Failure { get; init; }

    public required ConnectionState Connection { get; init; }
}

/// <summary>Ops that were acknowledged, and are missing on the server since it was restored from a backup.</summary>
/// <param name="WriterId">The writer that sent them.</param>
/// <param name="FirstSeq">The seq of the first.</param>
/// <param name="LastSeq">The seq of the last.</param>
/// <param name="NotedMs">When that was seen, in Unix ms.</param>
public sealed record MissingOps(string WriterId, long FirstSeq, long LastSeq, long NotedMs)
{
    /// <summary>Gets how many they are.</summary>
    public long Count => LastSeq - FirstSeq + 1;
}
