namespace ShareRpc.Protocol.Rpc;

/// <summary>Parameters of <c>redeemRoot</c>.</summary>
public sealed record RedeemRootRequest
{
    public required string Token { get; init; }

    public string? Passphrase { get; init; }
}
