namespace ShareRpc.Protocol.Rpc;

/// <summary>Parameters of <c>listCapabilities</c>.</summary>
public sealed record CapabilityListRequest
{
    /// <summary>The <c>next</c> of the page before; 0 to start.</summary>
    public long After { get; init; }

    public int? Limit { get; init; }

    /// <summary>On a root handle: only this share's.</summary>
    public string? ShareId { get; init; }
}
