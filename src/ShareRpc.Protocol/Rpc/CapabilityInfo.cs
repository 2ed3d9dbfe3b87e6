namespace ShareRpc.Protocol.Rpc;

/// <summary>A sturdy ref as its holders' administrators see it.</summary>
public sealed record CapabilityInfo
{
    public required string CapId { get; init; }

    /// <summary>Absent for the root, and for the caller's own ref.</summary>
    public string? ParentCapId { get; init; }

    public string? ShareId { get; init; }

    public required IReadOnlyList<string> Rights { get; init; }

    public required Caveats Caveats { get; init; }

    public string? Label { get; init; }

    public required long Epoch { get; init; }

    /// <summary><c>active</c>, <c>revoked</c>, <c>expired</c>, or <c>orphaned</c> when an ancestor is revoked.</summary>
    public required string State { get; init; }

    public required long CreatedMs { get; init; }

    public long? RevokedMs { get; init; }

    /// <summary>Live handles of this very ref, now.</summary>
    public required int LiveHandles { get; init; }
}
