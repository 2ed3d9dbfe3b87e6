using Microsoft.AspNetCore.Http;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Http;
using ShareRpc.Server.Read;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Opencode;

/// <summary>opencode's share API (protocol/opencode.md), stateless, on the same log and capabilities.</summary>
internal sealed class OpencodeEndpoints(
    IShareStore store, ShareReads reads, RedemptionLimits guard, HttpAccess access, OpencodeShares shares,
    ShareSync sync, OpenCreator openCreator, ServerOrigin origin, ServerOptions options, TimeProvider time)
{
    /// <summary>POST <c>/api/share</c>: <c>{sessionID}</c> -> <c>{id, url, secret}</c>.</summary>
    public async Task CreateAsync(HttpContext context)
    {
        string? token = context.Request.RouteValues["creator"] as string ?? HttpAccess.BearerOf(context.Request);
        if (token is null && openCreator.CapId is null)
        {
            await HttpAnswer.ErrorAsync(
                context, new ShareRpcException(ErrorCode.Forbidden),
                hint: "This server makes shares for creator tokens only: use <its address>/a/<creator token> as the "
                    + "address.")
                .ConfigureAwait(false);
            return;
        }

        bool isOpen = token is null;
        if (isOpen && (!context.Request.HasJsonContentType() || origin.FindForeign(context.Request) is not null))
        {
            // A page of anybody's can have a browser send a form, or text; it can send JSON only where it is let.
            await HttpAnswer.ErrorAsync(
                context, new ShareRpcException(ErrorCode.Forbidden),
                hint: "Without a creator token, send Content-Type: application/json, and not from a page of another "
                    + "origin.")
                .ConfigureAwait(false);
            return;
        }

        CreateCall? call =
            await HttpBody.ReadSmallAsync<CreateCall>(context, options.ServerLimits, time).ConfigureAwait(false);
        if (isOpen) guard.TakeOpenCreation(ClientAddress.Of(context));
        using HttpAuthority creator = isOpen
            ? await access.AdmitRootAsync(await FindOpenCreatorAsync())
            : await access.RedeemRootAsync(token, context).ConfigureAwait(false);
        SharedSession shared =
            await shares.ShareAsync(creator.Authority, call?.SessionId, isOpen).ConfigureAwait(false);
        await HttpAnswer.JsonAsync(context, new
        {
            Id = shared.ShareId, Url = $"{origin.BaseOf(context.Request)}/share/{shared.Read.Reveal()}",
            Secret = shared.Append.Reveal(),
        }).ConfigureAwait(false);
    }

    /// <summary>
    /// POST <c>/api/share/{id}/sync</c>: <c>{secret, data: [{type, data}]}</c>. Answers once all is durable.
    /// </summary>
    public async Task SyncAsync(HttpContext context)
    {
        ServerLimits limits = options.ServerLimits;
        using var received = new HttpBody(context, limits.HttpBodyBytes, limits, time);
        var body = new SyncBody(received, limits);
        string shareId = (string)context.Request.RouteValues["share"]!;
        string? secret = await body.ReadSecretAsync().ConfigureAwait(false);
        using HttpAuthority authority = await sync.RedeemAsync(secret, shareId, context).ConfigureAwait(false);
        (SyncAppend append, int ignored) =
            await sync.AppendAsync(authority, body.ReadAsync, context.RequestAborted).ConfigureAwait(false);
        await HttpAnswer.JsonAsync(
            context,
            new { append.Applied, append.Duplicates, append.Rejected, Ignored = ignored, append.LeftOut })
            .ConfigureAwait(false);
    }

    /// <summary>DELETE <c>/api/share/{id}</c>: <c>{secret}</c>. Idempotent.</summary>
    public async Task DeleteAsync(HttpContext context)
    {
        DeleteCall? call =
            await HttpBody.ReadSmallAsync<DeleteCall>(context, options.ServerLimits, time).ConfigureAwait(false);
        string shareId = (string)context.Request.RouteValues["share"]!;
        await sync.UnshareAsync(call?.Secret, shareId, context).ConfigureAwait(false);
        await HttpAnswer.JsonAsync(context, new { }).ConfigureAwait(false);
    }

    /// <summary>
    /// GET <c>/api/share/{read capability}/data</c>: array of <c>{type, data}</c>, the session first.
    /// </summary>
    public async Task DataAsync(HttpContext context)
    {
        try
        {
            string token = (string)context.Request.RouteValues["share"]!;
            using HttpAuthority authority =
                await access.RedeemShareAsync(token, shareId: null, context).ConfigureAwait(false);
            await new ShareData(reads, authority.Authority, context).WriteAsync().ConfigureAwait(false);
        }
        catch (ShareRpcException error) when (!error.IsTransient && !context.Response.HasStarted)
        {
            await HttpAnswer.ErrorAsync(context, error, StatusCodes.Status404NotFound).ConfigureAwait(false);
        }
    }

    private async ValueTask<RefRow> FindOpenCreatorAsync()
    {
        await using IReadSnapshot snapshot = await store.BeginReadAsync();
        return (await snapshot.FindRefAsync(openCreator.CapId!))!;
    }
}
