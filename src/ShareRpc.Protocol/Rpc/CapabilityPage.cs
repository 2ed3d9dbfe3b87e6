namespace ShareRpc.Protocol.Rpc;

/// <summary>Refs, oldest first.</summary>
public sealed record CapabilityPage
{
    public required IReadOnlyList<CapabilityInfo> Capabilities { get; init; }

    /// <summary>The <c>after</c> of the next page; absent on the last.</summary>
    public long? Next { get; init; }
}
