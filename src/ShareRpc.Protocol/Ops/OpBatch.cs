namespace ShareRpc.Protocol.Ops;

/// <summary>Ops sent together, from one writer: processed whole in one transaction, and resent whole, the same bytes.</summary>
public sealed record OpBatch
{
    /// <summary>For correlation only; the form of an op id.</summary>
    public required string BatchId { get; init; }

    /// <summary>1 to 1,000 ops with consecutive seqs (all with a seq, or none for a sender without a writer id).</summary>
    public required IReadOnlyList<OpIntent> Ops { get; init; }

    /// <summary>When given, the batch is refused <c>cursor_mismatch</c> unless the share's head is exactly this.</summary>
    public long? ExpectedCursor { get; init; }

    /// <summary>All or none: when one op is rejected, the others are rejected <c>atomic_aborted</c>.</summary>
    public bool? Atomic { get; init; }
}
