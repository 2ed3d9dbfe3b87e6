namespace ShareRpc.Protocol.Messages;

/// <summary>
/// Parameters of <c>createShare</c>. The caller chooses ids and secret, so that the call can be queued offline and
/// repeated blindly.
/// </summary>
public sealed record CreateShareRequest
{
    /// <summary>Gets a fresh random id.</summary>
    public required string ShareId { get; init; }

    /// <summary>Gets a fresh random id: that of the owner ref.</summary>
    public required string CapId { get; init; }

    /// <summary>Gets the digest of the owner ref's token, see <c>ShareToken.Digest</c>.</summary>
    public required string TokenDigest { get; init; }

    /// <summary>Gets what people call the share, at most 200 characters.</summary>
    public string? Label { get; init; }
}

/// <summary>Parameters of <c>deleteShare</c>.</summary>
public sealed record DeleteShareRequest
{
    public required string ShareId { get; init; }
}

/// <summary>Parameters of the listing methods.</summary>
public sealed record PageRequest
{
    /// <summary>Gets the position of the page before; 0 to start.</summary>
    public long After { get; init; }

    public int? Limit { get; init; }
}

/// <summary>A share as its administrators see it.</summary>
public sealed record ShareInfo
{
    public required string ShareId { get; init; }

    public string? Label { get; init; }

    /// <summary>Gets the state: <c>active</c>, <c>ended</c> or <c>deleted</c>.</summary>
    public required string State { get; init; }

    /// <summary>Gets the head of its log.</summary>
    public required long Cursor { get; init; }

    public required long CreatedMs { get; init; }

    public long? LastAppendMs { get; init; }

    /// <summary>Gets the number of live handles on it.</summary>
    public required int LiveHandles { get; init; }

    public required string OwnerCapId { get; init; }
}

/// <summary>Shares, oldest first.</summary>
public sealed record ShareList
{
    public required IReadOnlyList<ShareInfo> Shares { get; init; }

    /// <summary>Gets the <c>after</c> of the next page; absent on the last.</summary>
    public long? Next { get; init; }
}

/// <summary>What <c>adoptShares</c> did.</summary>
public sealed record SharesAdopted
{
    /// <summary>Shares that went to root; 0 when it was done before.</summary>
    public required int Shares { get; init; }
}
