namespace ShareRpc.Client.Writing;

/// <summary>Where a share's outbox stands.</summary>
public sealed record WriterStatus
{
    public required string ShareId { get; init; }

    public required string ExternalKey { get; init; }

    public string? Label { get; init; }

    /// <summary>Ops not sent yet.</summary>
    public required long Pending { get; init; }

    /// <summary>Ops sent, with their outcome not known yet.</summary>
    public required long InFlight { get; init; }

    /// <summary>Ops that were rejected, or whose access ended.</summary>
    public required long Failed { get; init; }

    /// <summary>Ops that wait for an op they depend on, and are tried again by themselves.</summary>
    public required long Waiting { get; init; }

    /// <summary>Ops acknowledged over the life of the outbox: applied and duplicates.</summary>
    public long Acked => Applied + Duplicates;

    /// <summary>Ops that made a new cursor, over the life of the outbox.</summary>
    public required long Applied { get; init; }

    /// <summary>Ops that the share had already.</summary>
    public required long Duplicates { get; init; }

    /// <summary>The share's head at the newest ack.</summary>
    public required long Cursor { get; init; }

    /// <summary>
    /// False only while nobody else has appended to the share: every cursor was made by this outbox. After a lost reply it may be true
    /// without anybody else, because an op that was applied then is counted as a duplicate.
    /// </summary>
    public bool ForeignOps => Cursor > Applied;

    /// <summary>The stable string of the newest permanent failure; null when there was none.</summary>
    public string? LastError { get; init; }

    /// <summary>Set once nothing can be sent any more: the stable string of the reason.</summary>
    public string? ClosedCode { get; init; }

    public required ConnectionState Connection { get; init; }
}
