namespace ShareRpc.Server.Checking;

/// <summary>What a check looked at and what it found.</summary>
public sealed record CheckReport
{
    public required long Shares { get; init; }

    public required long Ops { get; init; }

    /// <summary>Folded documents.</summary>
    public required long Documents { get; init; }

    public required long Writers { get; init; }

    /// <summary>At most 1,000, in the order of the checks.</summary>
    public required IReadOnlyList<CheckFinding> Findings { get; init; }

    /// <summary>There were more.</summary>
    public required bool HasMore { get; init; }
}
