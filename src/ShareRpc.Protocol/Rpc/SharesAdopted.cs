namespace ShareRpc.Protocol.Rpc;

/// <summary>What <c>adoptShares</c> did.</summary>
public sealed record SharesAdopted
{
    /// <summary>Shares that went to root; 0 when it was done before.</summary>
    public required int Shares { get; init; }
}
