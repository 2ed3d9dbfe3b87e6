using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Server.CapnWeb.Values;
using ShareRpc.Server.Connections;

namespace ShareRpc.Server.CapnWeb.Targets;

/// <summary>The gateway. A redemption takes the token alone in place of the request.</summary>
/// <param name="gateway">That of the session.</param>
/// <param name="wrongTokens">Looks at the token first.</param>
/// <param name="canPush">Whether the peer can be called.</param>
/// <param name="ended">Ends the waits of calls.</param>
internal sealed class GatewayTarget(
    Gateway gateway, WrongTokens wrongTokens, bool canPush, CancellationToken ended) : CapTarget
{
    public override async Task<CapResult> CallAsync(IReadOnlyList<string> path, CapArguments arguments)
    {
        if (path is not ["redeemShare" or "redeemRoot"]) throw new ShareRpcException(ErrorCode.MethodNotFound);
        if (path[0] == "redeemShare")
        {
            RedeemShareRequest request = Read(arguments, token => new RedeemShareRequest { Token = token });
            await CheckAsync(request.Token).ConfigureAwait(false);
            RedeemShareResult result = await gateway.RedeemShareAsync(request, ended).ConfigureAwait(false);
            var handle = new HandleTarget<IShareHandle>(result.Share, ended);
            bool hasPage = result.Page is not null;
            if (!canPush) result = result with { Features = WithoutSubscribe(result.Features!) };
            return new CapResult(ResultValue.Of(result, "share", handle), () => handle.Demand(hasPage));
        }

        RedeemRootRequest asked = Read(arguments, token => new RedeemRootRequest { Token = token });
        await CheckAsync(asked.Token).ConfigureAwait(false);
        RedeemRootResult redeemed = await gateway.RedeemRootAsync(asked, ended).ConfigureAwait(false);
        return new CapResult(ResultValue.Of(redeemed, "root", new HandleTarget<IRootHandle>(redeemed.Root, ended)));
    }

    private static ProtocolFeatures WithoutSubscribe(ProtocolFeatures features) =>
        features with { Methods = [.. features.Methods.Where(method => method != "subscribe")] };

    private static T Read<T>(CapArguments arguments, Func<string, T> ofToken)
        where T : class
    {
        ReadOnlyMemory<byte>? json = arguments.JsonAt(0);
        return json is { Span: [(byte)'"', ..] } text
            ? ofToken(RequestJson.Read<string>(text)) : RequestJson.Read<T>(json);
    }

    private async ValueTask CheckAsync(string? token)
    {
        if (token is null) throw new ShareRpcException(ErrorCode.InvalidParams);
        if (await wrongTokens.RefuseAsync(token, ended).ConfigureAwait(false) is { } refusal) throw refusal;
    }
}
