namespace ShareRpc.Protocol.Rpc;

/// <summary>Audit entries, oldest first.</summary>
public sealed record AuditPage
{
    public required IReadOnlyList<AuditEntry> Entries { get; init; }

    /// <summary>The <c>after</c> of the next page; absent on the last.</summary>
    public long? Next { get; init; }
}
