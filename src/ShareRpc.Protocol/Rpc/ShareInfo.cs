namespace ShareRpc.Protocol.Rpc;

/// <summary>A share as its administrators see it.</summary>
public sealed record ShareInfo
{
    public required string ShareId { get; init; }

    public string? Label { get; init; }

    /// <summary><c>active</c>, <c>ended</c> or <c>deleted</c>.</summary>
    public required string State { get; init; }

    /// <summary>The head of its log.</summary>
    public required long Cursor { get; init; }

    public required long CreatedMs { get; init; }

    public long? LastAppendMs { get; init; }

    /// <summary>Live handles on it, now.</summary>
    public required int LiveHandles { get; init; }

    public required string OwnerCapId { get; init; }
}
