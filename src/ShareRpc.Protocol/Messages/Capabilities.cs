namespace ShareRpc.Protocol.Messages;

/// <summary>
/// Parameters of <c>attenuate</c>. The caller chooses id and secret, so that the call can be queued offline and
/// repeated blindly.
/// </summary>
public sealed record AttenuateRequest
{
    /// <summary>Gets a fresh random id.</summary>
    public required string CapId { get; init; }

    /// <summary>Gets the digest of the token, see <c>ShareToken.Digest</c>; the secret itself is never sent.</summary>
    public required string TokenDigest { get; init; }

    /// <summary>
    /// Gets the digest of the passphrase that a redemption asks for, see <c>Passphrase.DigestOf</c>; null for none.
    /// </summary>
    public string? PassphraseDigest { get; init; }

    /// <summary>
    /// Gets the share whose owner ref is the parent, on a root handle; without it, the caller's ref is.
    /// </summary>
    public string? ShareId { get; init; }

    /// <summary>Gets the names of the rights, see <see cref="Rights"/>; each must be among the parent's.</summary>
    public required IReadOnlyList<string> Rights { get; init; }

    /// <summary>Gets the caveats; those of the parent apply too.</summary>
    public Caveats? Caveats { get; init; }

    /// <summary>Gets what people call it, at most 200 characters; not a secret.</summary>
    public string? Label { get; init; }
}

/// <summary>A ref exists now, or existed with exactly these parameters.</summary>
public sealed record CapabilityCreated
{
    public required string CapId { get; init; }

    public required long Epoch { get; init; }
}

/// <summary>
/// Parameters of <c>suspendCapability</c>, <c>resumeCapability</c> and <c>adoptShares</c>: the ref that is meant.
/// </summary>
public sealed record CapabilityRequest
{
    public required string CapId { get; init; }
}

/// <summary>A ref was suspended, resumed or rotated, or was so before.</summary>
public sealed record CapabilityChanged
{
    /// <summary>Gets its epoch now; only rotating raises it.</summary>
    public required long Epoch { get; init; }
}

/// <summary>Parameters of <c>revokeCapability</c>.</summary>
public sealed record RevokeCapabilityRequest
{
    public required string CapId { get; init; }
}

/// <summary>The ref and its descendants are dead.</summary>
public sealed record CapabilityRevoked
{
    /// <summary>Gets the epoch after the revocation; every handle and token of an older one is dead.</summary>
    public required long Epoch { get; init; }
}

/// <summary>Parameters of <c>rotateCapability</c>. Safe to repeat with the same digest.</summary>
public sealed record RotateCapabilityRequest
{
    public required string CapId { get; init; }

    /// <summary>Gets the digest of the new token, which has the same cap id.</summary>
    public required string TokenDigest { get; init; }

    /// <summary>
    /// Gets the digest of the passphrase under the new token; required if and only if the ref has a passphrase.
    /// </summary>
    public string? PassphraseDigest { get; init; }
}

/// <summary>Parameters of <c>listCapabilities</c>.</summary>
public sealed record CapabilityListRequest
{
    /// <summary>Gets the <c>next</c> of the page before; 0 to start.</summary>
    public long After { get; init; }

    public int? Limit { get; init; }

    /// <summary>Gets the share to which the list is limited; on a root handle only.</summary>
    public string? ShareId { get; init; }
}

/// <summary>Refs, oldest first.</summary>
public sealed record CapabilityPage
{
    public required IReadOnlyList<CapabilityInfo> Capabilities { get; init; }

    /// <summary>Gets the <c>after</c> of the next page; absent on the last.</summary>
    public long? Next { get; init; }
}

/// <summary>A sturdy ref as its holders' administrators see it.</summary>
public sealed record CapabilityInfo
{
    public required string CapId { get; init; }

    /// <summary>Gets the parent; absent for the root and for the caller's own ref.</summary>
    public string? ParentCapId { get; init; }

    public string? ShareId { get; init; }

    public required IReadOnlyList<string> Rights { get; init; }

    public required Caveats Caveats { get; init; }

    public string? Label { get; init; }

    public required long Epoch { get; init; }

    /// <summary>
    /// Gets the state: <c>active</c>, <c>revoked</c>, <c>orphaned</c> (an ancestor is revoked or rotated),
    /// <c>retired</c> (its own token is refused, its descendants are not), <c>expired</c>, <c>suspended</c> (it or an
    /// ancestor is) or <c>used_up</c>.
    /// </summary>
    public required string State { get; init; }

    public required long CreatedMs { get; init; }

    public long? RevokedMs { get; init; }

    /// <summary>
    /// Gets when its token was last redeemed, absent when never. A crash may forget the last minute of it.
    /// </summary>
    public long? LastRedeemedMs { get; init; }

    /// <summary>Gets the number of uses so far, with <c>max_uses</c>.</summary>
    public long? Uses { get; init; }

    /// <summary>Gets whether redeeming asks for a passphrase.</summary>
    public bool? Passphrase { get; init; }

    /// <summary>
    /// Gets whether the ref is a grant, created by a redemption of its parent, a counted or locked link.
    /// </summary>
    public bool? Grant { get; init; }

    /// <summary>Gets the number of live handles of this ref.</summary>
    public required int LiveHandles { get; init; }
}
