namespace ShareRpc.Protocol.Rpc;

/// <summary>Parameters of <c>deleteShare</c>.</summary>
public sealed record DeleteShareRequest
{
    public required string ShareId { get; init; }
}
