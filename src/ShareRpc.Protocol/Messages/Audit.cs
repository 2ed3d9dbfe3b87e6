namespace ShareRpc.Protocol.Messages;

/// <summary>Parameters of <c>listAudit</c>.</summary>
public sealed record AuditRequest
{
    /// <summary>The <c>next</c> of the page before; 0 to start.</summary>
    public long After { get; init; }

    public int? Limit { get; init; }

    /// <summary>Entries with falling positions, from the newest.</summary>
    public bool? NewestFirst { get; init; }

    /// <summary>On a root handle: only this share's.</summary>
    public string? ShareId { get; init; }
}

/// <summary>Audit entries, oldest first.</summary>
public sealed record AuditPage
{
    public required IReadOnlyList<AuditEntry> Entries { get; init; }

    /// <summary>The <c>after</c> of the next page; absent on the last.</summary>
    public long? Next { get; init; }
}

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
