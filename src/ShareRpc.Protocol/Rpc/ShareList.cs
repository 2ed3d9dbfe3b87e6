namespace ShareRpc.Protocol.Rpc;

/// <summary>Shares, oldest first.</summary>
public sealed record ShareList
{
    public required IReadOnlyList<ShareInfo> Shares { get; init; }

    /// <summary>The <c>after</c> of the next page; absent on the last.</summary>
    public long? Next { get; init; }
}
