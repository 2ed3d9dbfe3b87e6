namespace ShareRpc.Protocol.Ops;

/// <summary>The durable outcome of a batch: every op of it is in exactly one of the three lists.</summary>
public sealed record Ack
{
    /// <summary>Gets the share's head after the batch.</summary>
    public required long Cursor { get; init; }

    public required IReadOnlyList<OpCursor> Applied { get; init; }

    /// <summary>
    /// Gets the ops that were known before, and puts with <c>if_changed</c> that would change nothing; the cursor is
    /// that of the earlier op.
    /// </summary>
    public required IReadOnlyList<OpCursor> Duplicates { get; init; }

    public required IReadOnlyList<Rejection> Rejected { get; init; }
}

/// <summary>
/// Where an op stands in the log. Cursor 0: the document had its value already and never had an op (nothing to point
/// at).
/// </summary>
public sealed record OpCursor(string OpId, long Cursor);

/// <summary>A permanent no to one op: recorded, consumes its seq, answered alike for ever.</summary>
/// <param name="OpId">The op.</param>
/// <param name="Code">The stable string of the error code.</param>
/// <param name="Message">One sentence for people.</param>
public sealed record Rejection(string OpId, string Code, string Message);
