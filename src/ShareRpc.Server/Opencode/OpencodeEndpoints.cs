using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Append;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Http;
using ShareRpc.Server.Read;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Opencode;

/// <summary>opencode's share API (protocol/opencode.md), stateless, on the same log and capabilities.</summary>
internal sealed class OpencodeEndpoints(
    IShareStore store, CommitQueue queue, ShareLog log, ShareReads reads, RedemptionLimits guard, HttpAccess access,
    OpencodeShares shares, OpenCreator openCreator, ServerOrigin origin, ServerOptions options, TimeProvider time,
    ILogger<OpencodeEndpoints> logger)
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
        using HttpAuthority authority = await RedeemSecretAsync(secret, shareId, context).ConfigureAwait(false);
        authority.Authority.Demand(Rights.Append);
        string sessionId = await SessionOfAsync(authority.Share);
        var retry = new SyncRetry(limits, time, context.RequestAborted);
        var reverts = new SyncReverts(store, queue, options, authority.Authority, sessionId, retry);
        var append = new SyncAppend(log, reverts, options, authority.Authority, retry);
        int ignored = 0;
        while (await body.ReadAsync().ConfigureAwait(false) is { } item)
        {
            ignored += await AddAsync(append, item, sessionId).ConfigureAwait(false);
        }

        await append.FinishAsync().ConfigureAwait(false);
        if (append.Title is { } title)
            await shares.NameAsync(authority.Authority, authority.Share, title).ConfigureAwait(false);
        ignored += body.Malformed;
        if (ignored + append.Rejected > 0)
            logger.SyncItemsLeftOut(shareId: authority.Share.ShareId, ignored, append.Rejected);
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
        RefRow row = await AuthenticateSecretAsync(call?.Secret, shareId, context).ConfigureAwait(false);
        if (!await IsUnsharedAsync(row))
        {
            using HttpAuthority authority =
                await RedeemSecretAsync(call?.Secret, shareId, context).ConfigureAwait(false);
            await shares.UnshareAsync(authority.Authority).ConfigureAwait(false);
        }

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
            await new ShareData(reads, authority.Authority).WriteAsync(context).ConfigureAwait(false);
        }
        catch (ShareRpcException error) when (!error.IsTransient && !context.Response.HasStarted)
        {
            await HttpAnswer.ErrorAsync(context, error, StatusCodes.Status404NotFound).ConfigureAwait(false);
        }
    }

    private static async Task<int> AddAsync(SyncAppend append, SyncItem item, string sessionId)
    {
        if (ItemMapping.Map(item, sessionId) is not { } ops) return 1;
        foreach (var op in ops) await append.AddAsync(op).ConfigureAwait(false);
        return 0;
    }

    private async ValueTask<RefRow> FindOpenCreatorAsync()
    {
        await using IReadSnapshot snapshot = await store.BeginReadAsync();
        return (await snapshot.FindRefAsync(openCreator.CapId!))!;
    }

    private async ValueTask<string> SessionOfAsync(ShareRow share)
    {
        await using IReadSnapshot snapshot = await store.BeginReadAsync();
        return (await snapshot.FindSessionShareAsync(share.Key))?.SessionId ?? share.ShareId;
    }

    /// <summary>Gives 404 for a wrong secret, an unknown share or another share's secret.</summary>
    private async Task<HttpAuthority> RedeemSecretAsync(string? secret, string shareId, HttpContext context)
    {
        try
        {
            return await access.RedeemShareAsync(secret, shareId, context).ConfigureAwait(false);
        }
        catch (ShareRpcException error) when (error.Code is ErrorCode.InvalidToken or ErrorCode.Forbidden)
        {
            throw new ShareRpcException(ErrorCode.NotFound);
        }
    }

    private async Task<RefRow> AuthenticateSecretAsync(string? secret, string shareId, HttpContext context)
    {
        try
        {
            FoundRef found = await access.FindAsync(secret, context).ConfigureAwait(false);
            if (found.Share?.ShareId == shareId) return found.Row;
        }
        catch (ShareRpcException error) when (error.Code == ErrorCode.InvalidToken)
        {
        }

        throw new ShareRpcException(ErrorCode.NotFound);
    }

    private async ValueTask<bool> IsUnsharedAsync(RefRow row)
    {
        await using IReadSnapshot snapshot = await store.BeginReadAsync();
        ShareRow share = (await snapshot.FindShareAsync(row.ShareKey!.Value))!;
        bool isOver = share.State == ShareState.Deleted
            || (share.State == ShareState.Ended
                && (await snapshot.FindRefAsync(share.OwnerRefKey))!.RevokedMs is not null);
        return isOver && (await snapshot.FindRefAsync(row.Key))!.RevokedMs is not null;
    }
}
