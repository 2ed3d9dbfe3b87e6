using ShareRpc.Protocol.Messages;

namespace ShareRpc.Server.Storage;

internal sealed record RefRow
{
    public long Key { get; init; }

    public required string CapId { get; init; }

    /// <summary>Null for root and creator refs.</summary>
    public long? ShareKey { get; init; }

    /// <summary>Null for the root.</summary>
    public long? ParentKey { get; init; }

    /// <summary>If the parent's epoch differs, this ref is dead.</summary>
    public long ParentEpoch { get; init; }

    public int Depth { get; init; }

    public required Rights Rights { get; init; }

    public required Caveats Caveats { get; init; }

    public long Epoch { get; init; } = 1;

    public string? Label { get; init; }

    /// <summary>32 bytes: HMAC-SHA256 of the token digest under the server key.</summary>
    public required byte[] Verifier { get; init; }

    public long CreatedMs { get; init; }

    public long? RevokedMs { get; init; }

    public long? SuspendedMs { get; init; }

    /// <summary>When its own token ended; descendants stay valid.</summary>
    public long? RetiredMs { get; init; }

    /// <summary>Argon2id PHC string of the passphrase digest.</summary>
    public string? Passphrase { get; init; }

    /// <summary>Counted only with <c>max_uses</c>.</summary>
    public long Uses { get; init; }

    /// <summary>Set only with <c>unused_expires_at_ms</c>.</summary>
    public long? UsedMs { get; init; }

    public long? LastRedeemedMs { get; init; }

    /// <summary>Null unless this is a grant.</summary>
    public long? GrantEndsMs { get; init; }

    public bool IsGrant => GrantEndsMs is not null;

    /// <summary>A grant's writers belong to its link.</summary>
    public long WriterRefKey => IsGrant ? ParentKey!.Value : Key;
}

/// <summary>What a ref and its descendants did in a day: applied ops, their bytes, and records without an op.</summary>
internal readonly record struct DayUse(long Ops, long Bytes, long Rejections = 0, long Duplicates = 0)
{
    public DayUse Plus(DayUse more) => new(
        Ops + more.Ops, Bytes + more.Bytes, Rejections + more.Rejections, Duplicates + more.Duplicates);
}

/// <summary>
/// All refs, one share's, or a creator ref's subtree. Both keys: a share's audit entries on the subtree.
/// </summary>
internal readonly record struct RefScope(long? ShareKey, long? CreatorKey);
