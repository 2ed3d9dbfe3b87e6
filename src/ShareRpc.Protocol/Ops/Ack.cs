namespace ShareRpc.Protocol.Ops;

/// <summary>Durable outcome of a batch; each op is in one list.</summary>
public sealed record Ack
{
    /// <summary>Gets the head after the batch.</summary>
    public required long Cursor { get; init; }

    public required IReadOnlyList<OpCursor> Applied { get; init; }

    /// <summary>Gets known ops and unchanged puts, with the earlier cursor.</summary>
    public required IReadOnlyList<OpCursor> Duplicates { get; init; }

    public required IReadOnlyList<Rejection> Rejected { get; init; }
}

/// <summary>An op's log position; 0 if there is no op.</summary>
public sealed record OpCursor(string OpId, long Cursor);

/// <summary>A permanent no to one op: recorded, consumes its seq, answered alike for ever.</summary>
/// <param name="OpId">The op.</param>
/// <param name="Code">The stable string of the error code.</param>
/// <param name="Message">One sentence for people.</param>
public sealed record Rejection(string OpId, string Code, string Message);
