namespace ShareRpc.Client.Writing;

/// <summary>Where a share's outbox stands.</summary>
public sealed record WriterStatus
{
    public required string ShareId { get; init; }

    public required string ExternalKey { get; init; }

    public string? Label { get; init; }

    /// <summary>Gets the number of ops that are not sent yet.</summary>
    public required long Pending { get; init; }

    /// <summary>Gets the number of ops that are sent and not acknowledged.</summary>
    public required long InFlight { get; init; }

    /// <summary>Gets the number of ops that were rejected, or whose access ended.</summary>
    public required long Failed { get; init; }

    /// <summary>
    /// Gets the number of ops that wait for an op on which they depend, and are retried automatically.
    /// </summary>
    public required long Waiting { get; init; }

    /// <summary>Gets the number of ops acknowledged over the life of the outbox: applied and duplicates.</summary>
    public long Acked => Applied + Duplicates;

    /// <summary>Gets the number of ops that were applied over the life of the outbox.</summary>
    public required long Applied { get; init; }

    /// <summary>Gets the number of ops that the share had already.</summary>
    public required long Duplicates { get; init; }

    /// <summary>Gets the share's head at the newest ack.</summary>
    public required long Cursor { get; init; }

    /// <summary>
    /// Gets whether others may have appended to the share. False means that every cursor is of this outbox; after a
    /// lost reply it may be true without anybody else, because an op that was applied then counts as a duplicate.
    /// </summary>
    public bool ForeignOps => Cursor > Applied;

    /// <summary>Gets the stable string of the newest permanent failure; null when there was none.</summary>
    public string? LastError { get; init; }

    /// <summary>Set once nothing can be sent any more: the stable string of the reason.</summary>
    public string? ClosedCode { get; init; }

    public required ConnectionState Connection { get; init; }
}
