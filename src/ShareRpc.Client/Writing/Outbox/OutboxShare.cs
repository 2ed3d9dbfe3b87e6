namespace ShareRpc.Client.Writing.Outbox;

/// <summary>A share as the outbox knows it.</summary>
internal sealed record OutboxShare
{
    public required long Key { get; init; }

    public required string ShareId { get; init; }

    public required string ExternalKey { get; init; }

    public string? Label { get; init; }

    /// <summary>The credential that appends.</summary>
    public required string AppendCapId { get; init; }

    /// <summary>The default read-only invitation; null for a share that was joined.</summary>
    public string? ViewerCapId { get; init; }

    public required string WriterId { get; init; }

    /// <summary>False while its create intent is unacknowledged.</summary>
    public bool IsCreated { get; init; }

    /// <summary>Why nothing can be sent any more; null while it can.</summary>
    public string? ClosedCode { get; init; }

    /// <summary>Of the newest ack.</summary>
    public long Cursor { get; init; }

    public long Applied { get; init; }

    public long Duplicates { get; init; }
}
