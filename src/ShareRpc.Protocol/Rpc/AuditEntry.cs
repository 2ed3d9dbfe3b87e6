namespace ShareRpc.Protocol.Rpc;

/// <summary>One mutation and who made it.</summary>
public sealed record AuditEntry
{
    /// <summary>Rising, with holes.</summary>
    public required long Position { get; init; }

    public required long TimeMs { get; init; }

    /// <summary>
    /// For instance <c>create_share</c>, <c>attenuate</c>, <c>revoke</c>; <c>redeem</c>, <c>refused</c> and <c>append</c> sum up a
    /// minute.
    /// </summary>
    public required string Action { get; init; }

    /// <summary>The cap id that acted; absent for the server itself.</summary>
    public string? Actor { get; init; }

    public string? ShareId { get; init; }

    /// <summary>The cap id acted upon, if any.</summary>
    public string? Subject { get; init; }

    /// <summary>Where it came from, for redemptions and refusals.</summary>
    public string? Address { get; init; }

    /// <summary>The error's name, for refusals.</summary>
    public string? Code { get; init; }

    /// <summary>Redemptions, refusals or ops of that minute, for entries that sum up.</summary>
    public long? Count { get; init; }

    /// <summary>Bytes of data of those ops.</summary>
    public long? Bytes { get; init; }
}
