namespace ShareRpc.Protocol.Rpc;

/// <summary>One mutation and who made it.</summary>
public sealed record AuditEntry
{
    /// <summary>Rising, with holes.</summary>
    public required long Position { get; init; }

    public required long TimeMs { get; init; }

    /// <summary>For instance <c>create_share</c>, <c>attenuate</c>, <c>revoke</c>.</summary>
    public required string Action { get; init; }

    /// <summary>The cap id that acted; absent for the server itself.</summary>
    public string? Actor { get; init; }

    public string? ShareId { get; init; }

    /// <summary>The cap id acted upon, if any.</summary>
    public string? Subject { get; init; }
}
