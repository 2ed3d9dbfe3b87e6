using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access.Changes;

namespace ShareRpc.Server.Http;

/// <summary>
/// Answers <c>POST /v1/grants</c>, with what the link allows; without a grant if the link needs none.
/// </summary>
internal sealed record GrantAnswer(
    string? ShareId, string? CapId, long? ExpiresAtMs, IReadOnlyList<string> Rights, Caveats Caveats);

internal sealed record GrantCall(string? CapId, string? TokenDigest, string? Passphrase)
{
    public GrantRequest ToGrant()
    {
        if (CapId is null || TokenDigest is null) throw new ShareRpcException(ErrorCode.InvalidParams);
        RefRequest.CheckIds(CapId, TokenDigest, label: null);
        return new GrantRequest { CapId = CapId, TokenDigest = TokenDigest };
    }
}
