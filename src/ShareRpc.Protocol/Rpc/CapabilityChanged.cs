namespace ShareRpc.Protocol.Rpc;

/// <summary>A ref was suspended, resumed or rotated, or was so before.</summary>
public sealed record CapabilityChanged
{
    /// <summary>Its epoch now; only rotating raises it.</summary>
    public required long Epoch { get; init; }
}
