namespace ShareRpc.Protocol.Ops;

/// <summary>
/// Ops sent together, from one writer: processed whole in one transaction, and resent whole, the same bytes.
/// </summary>
public sealed record OpBatch
{
    /// <summary>Gets an id for correlation only, in the form of an op id.</summary>
    public required string BatchId { get; init; }

    /// <summary>
    /// Gets the ops, 1 to 1,000, with consecutive seqs, or all without a seq from a sender without a writer id.
    /// </summary>
    public required IReadOnlyList<OpIntent> Ops { get; init; }

    /// <summary>
    /// Gets the head that the share must have; with any other, the batch is refused <c>cursor_mismatch</c>. Null for
    /// any.
    /// </summary>
    public long? ExpectedCursor { get; init; }

    /// <summary>
    /// Gets whether all ops or none are applied: if one is rejected, the others are rejected <c>atomic_aborted</c>.
    /// </summary>
    public bool? Atomic { get; init; }
}
