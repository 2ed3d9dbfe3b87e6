namespace ShareRpc.Protocol.Messages;

/// <summary>Parameters of <c>listAudit</c>.</summary>
public sealed record AuditRequest
{
    /// <summary>Gets the <c>next</c> of the page before; 0 to start.</summary>
    public long After { get; init; }

    public int? Limit { get; init; }

    /// <summary>Gets whether entries come with falling positions, from the newest.</summary>
    public bool? NewestFirst { get; init; }

    /// <summary>Gets the share to which the list is limited; on a root handle only.</summary>
    public string? ShareId { get; init; }
}

/// <summary>Audit entries, oldest first.</summary>
public sealed record AuditPage
{
    public required IReadOnlyList<AuditEntry> Entries { get; init; }

    /// <summary>Gets the <c>after</c> of the next page; absent on the last.</summary>
    public long? Next { get; init; }
}

/// <summary>One mutation and who made it.</summary>
public sealed record AuditEntry
{
    /// <summary>Gets the position in the trail; positions rise, with holes.</summary>
    public required long Position { get; init; }

    public required long TimeMs { get; init; }

    /// <summary>
    /// Gets the action, for instance <c>create_share</c>, <c>attenuate</c>, <c>revoke</c>; <c>redeem</c>,
    /// <c>refused</c> and <c>append</c> sum up a minute.
    /// </summary>
    public required string Action { get; init; }

    /// <summary>Gets the cap id that acted; absent for the server itself.</summary>
    public string? Actor { get; init; }

    public string? ShareId { get; init; }

    /// <summary>Gets the cap id acted upon, if any.</summary>
    public string? Subject { get; init; }

    /// <summary>Gets where it came from, for redemptions and refusals.</summary>
    public string? Address { get; init; }

    /// <summary>Gets the error's name, for refusals.</summary>
    public string? Code { get; init; }

    /// <summary>Gets the redemptions, refusals or ops of that minute, for entries that sum up.</summary>
    public long? Count { get; init; }

    /// <summary>Gets the bytes of data of those ops.</summary>
    public long? Bytes { get; init; }
}
