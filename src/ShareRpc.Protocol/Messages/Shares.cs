namespace ShareRpc.Protocol.Messages;

/// <summary>Idempotent parameters of <c>createShare</c>.</summary>
public sealed record CreateShareRequest
{
    /// <summary>Gets a new random id.</summary>
    public required string ShareId { get; init; }

    /// <summary>Gets a new random id, of the owner ref.</summary>
    public required string CapId { get; init; }

    /// <summary>Gets the owner token's digest.</summary>
    public required string TokenDigest { get; init; }

    /// <summary>Gets the label, at most 200 characters.</summary>
    public string? Label { get; init; }
}

/// <summary>Parameters of <c>deleteShare</c>.</summary>
public sealed record DeleteShareRequest
{
    public required string ShareId { get; init; }
}

/// <summary>Parameters of listings.</summary>
public sealed record PageRequest
{
    /// <summary>Gets the previous page's position, or 0.</summary>
    public long After { get; init; }

    public int? Limit { get; init; }
}

/// <summary>A share, for administrators.</summary>
public sealed record ShareInfo
{
    public required string ShareId { get; init; }

    public string? Label { get; init; }

    /// <summary>Gets active, ended or deleted.</summary>
    public required string State { get; init; }

    /// <summary>Gets the head.</summary>
    public required long Cursor { get; init; }

    public required long CreatedMs { get; init; }

    public long? LastAppendMs { get; init; }

    /// <summary>Gets its live handles.</summary>
    public required int LiveHandles { get; init; }

    public required string OwnerCapId { get; init; }
}

/// <summary>Shares, oldest first.</summary>
public sealed record ShareList
{
    public required IReadOnlyList<ShareInfo> Shares { get; init; }

    /// <summary>Gets the next page's <c>after</c>, if any.</summary>
    public long? Next { get; init; }
}

/// <summary>Result of <c>keepShare</c>.</summary>
public sealed record ShareKept
{
    /// <summary>Gets when the server removes the share if nothing is appended until then; null: never.</summary>
    public long? KeptUntilMs { get; init; }
}

/// <summary>Result of <c>adoptShares</c>.</summary>
public sealed record SharesAdopted
{
    /// <summary>Gets the number of moved shares.</summary>
    public required int Shares { get; init; }
}
