namespace ShareRpc.Protocol.Ops;

/// <summary>The durable outcome of a batch: every op of it is in exactly one of the three lists.</summary>
public sealed record Ack
{
    /// <summary>The share's head after the batch.</summary>
    public required long Cursor { get; init; }

    public required IReadOnlyList<OpCursor> Applied { get; init; }

    /// <summary>
    /// Known before, or a <c>put</c> with <c>if_changed</c> that would change nothing; the cursor is where the effect stands.
    /// </summary>
    public required IReadOnlyList<OpCursor> Duplicates { get; init; }

    public required IReadOnlyList<Rejection> Rejected { get; init; }
}
