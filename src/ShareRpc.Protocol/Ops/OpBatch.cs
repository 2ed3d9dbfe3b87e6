namespace ShareRpc.Protocol.Ops;

/// <summary>Ops of one writer, in one transaction; resent unchanged.</summary>
public sealed record OpBatch
{
    /// <summary>Gets a correlation id, in op id form.</summary>
    public required string BatchId { get; init; }

    /// <summary>Gets 1 to 1,000 ops; seqs consecutive or absent.</summary>
    public required IReadOnlyList<OpIntent> Ops { get; init; }

    /// <summary>Gets the required head, or null.</summary>
    public long? ExpectedCursor { get; init; }

    /// <summary>Gets whether all ops apply or none.</summary>
    public bool? Atomic { get; init; }
}
