using Microsoft.AspNetCore.Http;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Http;

namespace ShareRpc.Server.Pages;

/// <summary>POST <c>/v1/shares/{id}/previews</c>: <c>{title, description?}</c> -> <c>{query}</c> ([HTTP-20]).</summary>
internal sealed class PreviewEndpoint(
    HttpAccess access, TokenVerifier keys, ServerLimits limits, TimeProvider time)
{
    public async Task SignAsync(HttpContext context)
    {
        using HttpAuthority authority = await access.RedeemShareAsync(
            HttpAccess.BearerOf(context.Request), (string)context.Request.RouteValues["share"]!, context)
            .ConfigureAwait(false);
        authority.Authority.Demand(Rights.Attenuate);
        PreviewCall? call = await HttpBody.ReadSmallAsync<PreviewCall>(context, limits, time).ConfigureAwait(false);
        if (call?.Title is not { } title) throw new ShareRpcException(ErrorCode.InvalidParams);
        string signed = new LinkPreview(title, call.Description ?? "").Sign(authority.Share.ShareId, keys);
        authority.Authority.Demand(Rights.Attenuate);
        await HttpAnswer.JsonAsync(context, new PreviewAnswer($"{LinkPreview.Parameter}={signed}"))
            .ConfigureAwait(false);
    }

    private sealed record PreviewCall(string? Title, string? Description);

    private sealed record PreviewAnswer(string Query);
}
