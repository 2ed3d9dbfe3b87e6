using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Append;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Http;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Opencode;

/// <summary>What a holder of a share's secret does, over HTTP and Cap'n Web alike: syncing, and unsharing.</summary>
internal sealed class ShareSync(
    IShareStore store, CommitQueue queue, ShareLog log, HttpAccess access, OpencodeShares shares,
    ServerOptions options, TimeProvider time, ILogger<ShareSync> logger)
{
    /// <summary>
    /// Gives <c>not_found</c> for a wrong secret, an unknown share or another share's secret; the caller disposes it.
    /// </summary>
    public async Task<HttpAuthority> RedeemAsync(string? secret, string shareId, HttpContext context)
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

    /// <summary>Appends items; ends once all is durable.</summary>
    /// <param name="authority">That of the secret.</param>
    /// <param name="next">Returns the next item; null at the end.</param>
    /// <param name="aborted">Gives up trying again.</param>
    /// <returns>What became of them, and how many had an unknown form.</returns>
    public async Task<(SyncAppend Done, int Ignored)> AppendAsync(
        HttpAuthority authority, Func<ValueTask<SyncItem?>> next, CancellationToken aborted)
    {
        authority.Authority.Demand(Rights.Append);
        string sessionId = await SessionOfAsync(authority.Share.Key) ?? authority.Share.ShareId;
        var retry = new SyncRetry(options.ServerLimits, time, aborted);
        var reverts = new SyncReverts(store, queue, options, authority.Authority, sessionId, retry);
        var append = new SyncAppend(log, reverts, options, authority.Authority, retry);
        int ignored = 0;
        while (await next().ConfigureAwait(false) is { } item)
        {
            if (ItemMapping.Map(item, sessionId) is not { } ops) ignored++;
            else foreach (var op in ops) await append.AddAsync(op).ConfigureAwait(false);
        }

        await append.FinishAsync().ConfigureAwait(false);
        if (append.Title is { } title)
            await shares.NameAsync(authority.Authority, authority.Share, title).ConfigureAwait(false);
        if (ignored + append.Rejected > 0)
            logger.SyncItemsLeftOut(shareId: authority.Share.ShareId, ignored, append.Rejected);
        return (append, ignored);
    }

    /// <summary>Ends the share and its refs; doing it again changes nothing.</summary>
    public async Task UnshareAsync(string? secret, string shareId, HttpContext context)
    {
        RefRow row = await AuthenticateAsync(secret, shareId, context).ConfigureAwait(false);
        if (await IsUnsharedAsync(row)) return;
        using HttpAuthority authority = await RedeemAsync(secret, shareId, context).ConfigureAwait(false);
        await shares.UnshareAsync(authority.Authority).ConfigureAwait(false);
    }

    /// <summary>Returns the id of the session that was shared; null for a share made otherwise.</summary>
    public async ValueTask<string?> SessionOfAsync(long shareKey)
    {
        await using IReadSnapshot snapshot = await store.BeginReadAsync();
        return (await snapshot.FindSessionShareAsync(shareKey))?.SessionId;
    }

    private async Task<RefRow> AuthenticateAsync(string? secret, string shareId, HttpContext context)
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
