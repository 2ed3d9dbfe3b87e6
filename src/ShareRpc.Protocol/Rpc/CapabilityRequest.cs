namespace ShareRpc.Protocol.Rpc;

/// <summary>Parameters of <c>suspendCapability</c>, <c>resumeCapability</c> and <c>adoptShares</c>: the ref that is meant.</summary>
public sealed record CapabilityRequest
{
    public required string CapId { get; init; }
}
