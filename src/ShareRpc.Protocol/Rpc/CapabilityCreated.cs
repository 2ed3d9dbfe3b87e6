namespace ShareRpc.Protocol.Rpc;

/// <summary>A ref exists now, or existed with exactly these parameters.</summary>
public sealed record CapabilityCreated
{
    public required string CapId { get; init; }

    public required long Epoch { get; init; }
}
