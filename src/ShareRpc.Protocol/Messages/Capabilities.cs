namespace ShareRpc.Protocol.Messages;

/// <summary>Idempotent parameters of <c>attenuate</c>.</summary>
public sealed record AttenuateRequest
{
    /// <summary>Gets a new random id.</summary>
    public required string CapId { get; init; }

    /// <summary>Gets the token's digest.</summary>
    public required string TokenDigest { get; init; }

    /// <summary>Gets the passphrase digest, or null.</summary>
    public string? PassphraseDigest { get; init; }

    /// <summary>Gets the share whose owner ref is the parent; root handle only.</summary>
    public string? ShareId { get; init; }

    /// <summary>Gets rights, a subset of the parent's.</summary>
    public required IReadOnlyList<string> Rights { get; init; }

    /// <summary>Gets added caveats.</summary>
    public Caveats? Caveats { get; init; }

    /// <summary>Gets the label, at most 200 characters.</summary>
    public string? Label { get; init; }
}

/// <summary>The ref, new or identical.</summary>
public sealed record CapabilityCreated
{
    public required string CapId { get; init; }

    public required long Epoch { get; init; }
}

/// <summary>Names a ref.</summary>
public sealed record CapabilityRequest
{
    public required string CapId { get; init; }
}

/// <summary>Result of suspending, resuming or rotating.</summary>
public sealed record CapabilityChanged
{
    /// <summary>Gets the epoch; only rotation raises it.</summary>
    public required long Epoch { get; init; }
}

/// <summary>Parameters of <c>revokeCapability</c>.</summary>
public sealed record RevokeCapabilityRequest
{
    public required string CapId { get; init; }
}

/// <summary>Result of a revocation.</summary>
public sealed record CapabilityRevoked
{
    /// <summary>Gets the epoch; older handles and tokens have ended.</summary>
    public required long Epoch { get; init; }
}

/// <summary>Idempotent parameters of <c>rotateCapability</c>.</summary>
public sealed record RotateCapabilityRequest
{
    public required string CapId { get; init; }

    /// <summary>Gets the new token's digest; the cap id stays.</summary>
    public required string TokenDigest { get; init; }

    /// <summary>Gets the new passphrase digest, if the ref has one.</summary>
    public string? PassphraseDigest { get; init; }
}

/// <summary>Parameters of <c>listCapabilities</c>.</summary>
public sealed record CapabilityListRequest
{
    /// <summary>Gets the previous page's <c>next</c>, or 0.</summary>
    public long After { get; init; }

    public int? Limit { get; init; }

    /// <summary>Gets the share to filter by; root handle only.</summary>
    public string? ShareId { get; init; }
}

/// <summary>Refs, oldest first.</summary>
public sealed record CapabilityPage
{
    public required IReadOnlyList<CapabilityInfo> Capabilities { get; init; }

    /// <summary>Gets the next page's <c>after</c>, if any.</summary>
    public long? Next { get; init; }
}

/// <summary>A ref, for its administrators.</summary>
public sealed record CapabilityInfo
{
    public required string CapId { get; init; }

    /// <summary>Gets the parent; absent for root and the caller's ref.</summary>
    public string? ParentCapId { get; init; }

    public string? ShareId { get; init; }

    public required IReadOnlyList<string> Rights { get; init; }

    public required Caveats Caveats { get; init; }

    public string? Label { get; init; }

    public required long Epoch { get; init; }

    /// <summary>
    /// Gets the state: active, revoked, orphaned (ancestor revoked or rotated), retired (only its token is refused),
    /// expired, suspended (it or an ancestor) or used_up.
    /// </summary>
    public required string State { get; init; }

    public required long CreatedMs { get; init; }

    public long? RevokedMs { get; init; }

    /// <summary>Gets the last redemption; a crash may lose a minute.</summary>
    public long? LastRedeemedMs { get; init; }

    /// <summary>Gets the uses, with <c>max_uses</c>.</summary>
    public long? Uses { get; init; }

    /// <summary>Gets whether it needs a passphrase.</summary>
    public bool? Passphrase { get; init; }

    /// <summary>Gets whether it is a grant.</summary>
    public bool? Grant { get; init; }

    /// <summary>Gets its live handles.</summary>
    public required int LiveHandles { get; init; }
}
