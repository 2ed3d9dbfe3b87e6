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

    /// <summary>
    /// <c>active</c>, <c>revoked</c>, <c>orphaned</c> (an ancestor is revoked or rotated), <c>retired</c> (its own token is dead, its
    /// descendants are not), <c>expired</c>, <c>suspended</c> (it or an ancestor is) or <c>used_up</c>.
    /// </summary>
    public required string State { get; init; }

    public required long CreatedMs { get; init; }

    public long? RevokedMs { get; init; }

    /// <summary>When its token or ticket was last redeemed, absent when never. A crash may forget the last minute of it.</summary>
    public long? LastRedeemedMs { get; init; }

    /// <summary>With <c>max_uses</c>: how many are used.</summary>
    public long? Uses { get; init; }

    /// <summary>True when redeeming asks for a passphrase.</summary>
    public bool? Passphrase { get; init; }

    /// <summary>Live handles of this very ref, now.</summary>
    public required int LiveHandles { get; init; }
}
