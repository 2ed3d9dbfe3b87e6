namespace ShareRpc.Protocol.Rpc;

/// <summary>The ref and its descendants are dead.</summary>
public sealed record CapabilityRevoked
{
    /// <summary>The epoch after the revocation; every handle and token of an older one is dead.</summary>
    public required long Epoch { get; init; }
}
