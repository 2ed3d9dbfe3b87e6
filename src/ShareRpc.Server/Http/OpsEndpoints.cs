using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access;
using ShareRpc.Server.Append;
using ShareRpc.Server.Connections;
using ShareRpc.Server.Read;
using ShareRpc.Server.Search;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Http;

/// <summary>
/// Appends and reads over plain HTTP (protocol/http.md), as over WebSocket but without a writer; the token is in
/// <c>Authorization: Bearer</c>.
/// </summary>
internal sealed class OpsEndpoints(
    IShareStore store, ShareLog log, ShareReads reads, ShareSearch search, Broadcaster broadcaster, HttpAccess access,
    ProtocolLimits limits,
    ServerLimits serverLimits, TimeProvider time)
{
    private readonly FairPlaces waitingReads = new(serverLimits.HttpWaitingReads);

    /// <summary>POST <c>/v1/shares/{id}/ops</c>: a batch -> its ack, once durable.</summary>
    public async Task AppendAsync(HttpContext context)
    {
        using HttpAuthority authority = await RedeemAsync(context).ConfigureAwait(false);
        authority.Authority.DemandAppend(hasWriter: false);
        using var body = new HttpBody(context, limits.FrameBytes, serverLimits, time);
        OpBatch batch = ToBatch((await body.ReadWholeAsync().ConfigureAwait(false)).Span);
        Ack ack = await log.AppendAsync(authority.Authority, writerId: null, batch).ConfigureAwait(false);
        await HttpAnswer.JsonAsync(context, ack).ConfigureAwait(false);
    }

    /// <summary>
    /// POST <c>/v1/grants</c>:
    /// <c>{passphrase?, cap_id, token_digest}</c> -> <c>{share_id, cap_id?, expires_at_ms?}</c>.
    /// </summary>
    public async Task GrantAsync(HttpContext context)
    {
        GrantCall? call = await HttpBody.ReadSmallAsync<GrantCall>(context, serverLimits, time).ConfigureAwait(false);
        if (call is null) throw new ShareRpcException(ErrorCode.InvalidParams);
        string? token = HttpAccess.BearerOf(context.Request);
        GrantAnswer answer = await access.GrantAsync(token, call, context).ConfigureAwait(false);
        await HttpAnswer.JsonAsync(context, answer).ConfigureAwait(false);
    }

    /// <summary>GET <c>/v1/shares/{id}/ops?after=&amp;limit=&amp;max_bytes=&amp;wait_ms=</c></summary>
    public async Task ReadAsync(HttpContext context)
    {
        using HttpAuthority authority = await RedeemAsync(context).ConfigureAwait(false);
        IQueryCollection query = context.Request.Query;
        var request = new ReadOpsRequest
        {
            After = QueryNumber.Of(query, "after") ?? 0, Limit = QueryNumber.SmallOf(query, "limit"),
            MaxBytes = QueryNumber.SmallOf(query, "max_bytes"), WaitMs = QueryNumber.SmallOf(query, "wait_ms"),
        };
        bool isWaiting = request.WaitMs > 0;
        string network = ClientAddress.NetworkOf(ClientAddress.Of(context));
        if (isWaiting && !waitingReads.TryTake(network))
            throw new ShareRpcException(ErrorCode.TooManyCalls) { RetryAfter = serverLimits.OverloadedRetryAfter };
        ShareFeed feed = broadcaster.Acquire(authority.Share.Key);
        try
        {
            await using (IReadSnapshot snapshot = await store.BeginReadAsync())
            {
                feed.Advance(await snapshot.ReadHeadAsync(authority.Share.Key));
                if ((await snapshot.FindShareAsync(authority.Share.Key))!.State == ShareState.Ended) feed.End();
            }

            OpPage page =
                await reads.ReadAsync(authority.Authority, feed, request, context.RequestAborted).ConfigureAwait(false);
            await HttpPages.WriteAsync(context, authority.Authority, page).ConfigureAwait(false);
        }
        finally
        {
            broadcaster.Release(feed);
            if (isWaiting) waitingReads.Give(network);
        }
    }

    /// <summary>GET <c>/v1/shares/{id}/state?kinds=&amp;after_kind=&amp;after_key=&amp;limit=</c></summary>
    public async Task StateAsync(HttpContext context)
    {
        using HttpAuthority authority = await RedeemAsync(context).ConfigureAwait(false);
        authority.Authority.Demand(Rights.Read);
        IQueryCollection query = context.Request.Query;
        string? kinds = query["kinds"];
        string? afterKind = query["after_kind"];
        string? afterKey = query["after_key"];
        if (afterKind is null != afterKey is null) throw new ShareRpcException(ErrorCode.InvalidParams);
        StatePage page = await reads.ReadStateAsync(authority.Authority, new GetStateRequest
        {
            Kinds = string.IsNullOrEmpty(kinds) ? null : kinds.Split(','), Limit = QueryNumber.SmallOf(query, "limit"),
            AfterKey = afterKind is null ? null : new DocKey(afterKind, afterKey!),
        });
        await HttpPages.WriteAsync(context, authority.Authority, page).ConfigureAwait(false);
    }

    /// <summary>GET <c>/v1/shares/{id}/search?query=&amp;after=&amp;limit=</c></summary>
    public async Task SearchAsync(HttpContext context)
    {
        using HttpAuthority authority = await RedeemAsync(context).ConfigureAwait(false);
        IQueryCollection query = context.Request.Query;
        SearchPage page = await search.SearchAsync(authority.Authority, new SearchRequest
        {
            Query = query["query"].ToString(), After = QueryNumber.Of(query, "after"),
            Limit = QueryNumber.SmallOf(query, "limit"),
        }, context.RequestAborted).ConfigureAwait(false);
        await HttpPages.WriteAsync(context, authority.Authority, page).ConfigureAwait(false);
    }

    private static OpBatch ToBatch(ReadOnlySpan<byte> body)
    {
        try
        {
            OpBatch? batch = Utf8.IsValid(body)
                ? JsonSerializer.Deserialize<OpBatch>(body, ProtocolJson.Options) : null;
            return batch ?? throw new ShareRpcException(ErrorCode.InvalidParams);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new ShareRpcException(ErrorCode.InvalidParams);
        }
    }

    private Task<HttpAuthority> RedeemAsync(HttpContext context) => access.RedeemShareAsync(
        HttpAccess.BearerOf(context.Request), (string)context.Request.RouteValues["share"]!, context);
}
