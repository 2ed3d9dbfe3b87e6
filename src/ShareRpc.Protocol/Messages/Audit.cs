namespace ShareRpc.Protocol.Messages;

/// <summary>Parameters of <c>listAudit</c>.</summary>
public sealed record AuditRequest
{
    /// <summary>Gets the previous page's <c>next</c>, or 0.</summary>
    public long After { get; init; }

    public int? Limit { get; init; }

    /// <summary>Gets whether the newest entries come first.</summary>
    public bool? NewestFirst { get; init; }

    /// <summary>Gets the share to filter by; root handle only.</summary>
    public string? ShareId { get; init; }

    /// <summary>Gets the ref that must be the actor or the subject.</summary>
    public string? CapId { get; init; }

    /// <summary>Gets the action to filter by.</summary>
    public string? Action { get; init; }

    /// <summary>Gets the peer address to filter by, as the trail has it.</summary>
    public string? Address { get; init; }

    /// <summary>Gets the name of the error to filter by.</summary>
    public string? Code { get; init; }

    /// <summary>Gets the time of the first entries.</summary>
    public long? SinceMs { get; init; }

    /// <summary>Gets the time before which the entries are.</summary>
    public long? UntilMs { get; init; }
}

/// <summary>Audit entries, oldest first by default.</summary>
public sealed record AuditPage
{
    public required IReadOnlyList<AuditEntry> Entries { get; init; }

    /// <summary>Gets the next page's <c>after</c>, if any.</summary>
    public long? Next { get; init; }
}

/// <summary>An audited action.</summary>
public sealed record AuditEntry
{
    /// <summary>Gets the rising position, with gaps.</summary>
    public required long Position { get; init; }

    public required long TimeMs { get; init; }

    /// <summary>Gets the action; <c>redeem</c>, <c>refused</c> and <c>append</c> cover a minute.</summary>
    public required string Action { get; init; }

    /// <summary>Gets the acting cap id; absent for the server.</summary>
    public string? Actor { get; init; }

    public string? ShareId { get; init; }

    /// <summary>Gets the affected cap id.</summary>
    public string? Subject { get; init; }

    /// <summary>Gets the peer address, if any.</summary>
    public string? Address { get; init; }

    /// <summary>Gets the error of a refusal.</summary>
    public string? Code { get; init; }

    /// <summary>Gets the count of that minute.</summary>
    public long? Count { get; init; }

    /// <summary>Gets the data bytes of those ops.</summary>
    public long? Bytes { get; init; }
}
