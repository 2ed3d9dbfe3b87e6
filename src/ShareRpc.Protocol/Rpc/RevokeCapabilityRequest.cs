namespace ShareRpc.Protocol.Rpc;

/// <summary>Parameters of <c>revokeCapability</c>.</summary>
public sealed record RevokeCapabilityRequest
{
    public required string CapId { get; init; }
}
