using ShareRpc.Protocol.Limits;

namespace ShareRpc.Protocol.Rpc;

/// <summary>What the redemption of a root or creator ref grants.</summary>
public sealed record RedeemRootResult
{
    /// <summary>The live handle; the caller disposes it.</summary>
    public required IRootHandle Root { get; init; }

    public required string CapId { get; init; }

    public required IReadOnlyList<string> Rights { get; init; }

    public required Caveats Caveats { get; init; }

    public required long Epoch { get; init; }

    public required ProtocolLimits Limits { get; init; }
}
