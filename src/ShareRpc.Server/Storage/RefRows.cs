using ShareRpc.Protocol.Messages;

namespace ShareRpc.Server.Storage;

/// <summary>
/// A sturdy ref as stored. Rights, caveats, parent and label are fixed at its creation (an adopted owner ref changes its parent).
/// </summary>
internal sealed record RefRow
{
    public long Key { get; init; }

    public required string CapId { get; init; }

    /// <summary>Null: a root or creator ref.</summary>
    public long? ShareKey { get; init; }

    /// <summary>Null: the root.</summary>
    public long? ParentKey { get; init; }

    /// <summary>The parent's epoch when this ref was derived: a parent of another epoch kills it.</summary>
    public long ParentEpoch { get; init; }

    /// <summary>Parents above it.</summary>
    public int Depth { get; init; }

    public required Rights Rights { get; init; }

    public required Caveats Caveats { get; init; }

    public long Epoch { get; init; } = 1;

    public string? Label { get; init; }

    /// <summary>What tells its token: 32 bytes, HMAC-SHA256 of the token digest under the server's key.</summary>
    public required byte[] Verifier { get; init; }

    public long CreatedMs { get; init; }

    public long? RevokedMs { get; init; }

    public long? SuspendedMs { get; init; }

    /// <summary>Its own token is dead since then; its descendants are not.</summary>
    public long? RetiredMs { get; init; }

    /// <summary>Argon2id PHC string of the passphrase digest; null without a passphrase.</summary>
    public string? Passphrase { get; init; }

    /// <summary>Redemptions by token, counted where <c>max_uses</c> asks.</summary>
    public long Uses { get; init; }

    /// <summary>The first redemption by token, noted where <c>unused_expires_at_ms</c> asks.</summary>
    public long? UsedMs { get; init; }

    public long? LastRedeemedMs { get; init; }

    /// <summary>When it ends, for a grant of its parent; null for any other ref.</summary>
    public long? GrantEndsMs { get; init; }

    public bool IsGrant => GrantEndsMs is not null;

    /// <summary>The ref that its writers belong to: those of a grant are its link's.</summary>
    public long WriterRefKey => IsGrant ? ParentKey!.Value : Key;
}

/// <summary>
/// Which refs a listing covers: everything, one share's, or a creator's own ref and its descendants. Of the audit trail, both together are
/// the entries of a share that concern a ref or its descendants.
/// </summary>
internal readonly record struct RefScope(long? ShareKey, long? CreatorKey);
