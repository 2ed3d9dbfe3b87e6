using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access.Changes;

namespace ShareRpc.Server.Http;

internal sealed record GrantCall(string? CapId, string? TokenDigest, string? Passphrase)
{
    public GrantRequest ToGrant()
    {
        if (CapId is null || TokenDigest is null) throw new ShareRpcException(ErrorCode.InvalidParams);
        RefRequest.CheckIds(CapId, TokenDigest, label: null);
        return new GrantRequest { CapId = CapId, TokenDigest = TokenDigest };
    }
}
