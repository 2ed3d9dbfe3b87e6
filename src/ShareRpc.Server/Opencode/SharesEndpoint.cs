using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Changes;
using ShareRpc.Server.CapnWeb;
using ShareRpc.Server.Http;
using ShareRpc.Server.Read;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Opencode;

/// <summary>
/// <c>/rpc/share</c>, and the HTTP reads beside it. The key in the header is the token of a creator, or of root.
/// </summary>
internal sealed class SharesEndpoint(
    CapEndpoint endpoint, ClientAddress addresses, HttpAccess access, ShareReads reads, ShareSync sync,
    CapabilityLists lists, IShareStore store)
{
    private const string KeyHeader = "x-opencode-share-key";

    private static readonly JsonSerializerOptions Names = new(JsonSerializerOptions.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private static readonly ObjectFactory<SharesTarget> NewTarget = ActivatorUtilities.CreateFactory<SharesTarget>(
        [typeof(HttpContext), typeof(HttpAuthority), typeof(CancellationToken)]);

    /// <summary>Serves Cap'n Web at <c>/rpc/share</c>; 401 without the key.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        HttpAuthority creator;
        try
        {
            addresses.Apply(context);
            creator = await RedeemKeyAsync(context).ConfigureAwait(false);
        }
        catch (ShareRpcException error)
        {
            HttpAnswer.SetHeaders(context.Response);
            await HttpAnswer.ErrorAsync(context, error).ConfigureAwait(false);
            return;
        }

        // The target owns it; without one, nobody does.
        bool isTaken = false;
        try
        {
            await endpoint.HandleAsync(context, host =>
            {
                isTaken = true;
                return NewTarget(context.RequestServices, [context, creator, host.Ended]);
            }, isProven: true).ConfigureAwait(false);
        }
        finally
        {
            if (!isTaken) creator.Dispose();
        }
    }

    /// <summary>GET <c>/api/share/{share}</c>: <c>{id, syncCount, data: [{type, data}]}</c>.</summary>
    public async Task ShareAsync(HttpContext context)
    {
        using HttpAuthority authority = await RedeemReaderAsync(access, context).ConfigureAwait(false);
        string start = JsonSerializer.Serialize(authority.Share.ShareId);
        long head = await HeadOfAsync(authority.Share.Key);
        await new ShareData(reads, authority.Authority, context).WriteAsync(
            FormattableString.Invariant($"{{\"id\":{start},\"syncCount\":{head},\"data\":"), "}")
            .ConfigureAwait(false);
    }

    /// <summary>
    /// GET <c>/api/share/{share}/metadata</c>: <c>{id, createdAt, syncCount, ended}</c>, and <c>sessionID</c> and
    /// <c>title</c> for who may read everything.
    /// </summary>
    public async Task MetadataAsync(HttpContext context)
    {
        using HttpAuthority authority = await RedeemReaderAsync(access, context).ConfigureAwait(false);
        authority.Authority.Demand(Rights.Read);
        bool isWhole = authority.Authority.Profile.IsEverything;
        ShareRow share = authority.Share;
        await WriteAsync(context, authority.Authority, new Metadata(
            share.ShareId, isWhole ? await sync.SessionOfAsync(share.Key) : null, isWhole ? share.Label : null,
            share.CreatedMs, null, await HeadOfAsync(share.Key), share.State != ShareState.Active))
            .ConfigureAwait(false);
    }

    /// <summary>GET <c>/api/sessions?after=&amp;limit=</c>: the shares of the key's creator.</summary>
    public async Task SessionsAsync(HttpContext context)
    {
        using HttpAuthority creator = await RedeemKeyAsync(context).ConfigureAwait(false);
        IQueryCollection query = context.Request.Query;
        ShareList page = await lists.ListSharesAsync(creator.Authority, new PageRequest
        {
            After = QueryNumber.Of(query, "after") ?? 0, Limit = QueryNumber.SmallOf(query, "limit"),
        });
        var sessions = new List<Metadata>();
        await using (IReadSnapshot snapshot = await store.BeginReadAsync())
        {
            foreach (ShareInfo share in page.Shares)
            {
                ShareRow row = (await snapshot.FindShareAsync(share.ShareId))!;
                string? sessionId = (await snapshot.FindSessionShareAsync(row.Key))?.SessionId;
                sessions.Add(new Metadata(share.ShareId, sessionId, share.Label, share.CreatedMs, share.LastAppendMs,
                    share.Cursor, row.State != ShareState.Active));
            }
        }

        await WriteAsync(context, creator.Authority, new { sessions, next = page.Next }).ConfigureAwait(false);
    }

    /// <summary>Redeems the token in the path; or a bearer token, with the share's id in the path.</summary>
    internal static Task<HttpAuthority> RedeemReaderAsync(HttpAccess access, HttpContext context)
    {
        string named = (string)context.Request.RouteValues["share"]!;
        return HttpAccess.BearerOf(context.Request) is { } token
            ? access.RedeemShareAsync(token, named, context) : access.RedeemShareAsync(named, shareId: null, context);
    }

    private async Task<HttpAuthority> RedeemKeyAsync(HttpContext context)
    {
        try
        {
            return await access.RedeemRootAsync(context.Request.Headers[KeyHeader], context).ConfigureAwait(false);
        }
        catch (ShareRpcException error) when (error.Code == ErrorCode.Forbidden)
        {
            throw new ShareRpcException(ErrorCode.InvalidToken); // the key of a share is no key here
        }
    }

    private async ValueTask<long> HeadOfAsync(long shareKey)
    {
        await using IReadSnapshot snapshot = await store.BeginReadAsync();
        return await snapshot.ReadHeadAsync(shareKey);
    }

    private static Task WriteAsync<T>(HttpContext context, Authority authority, T value) =>
        HttpPages.WriteAsync(context, authority, JsonSerializer.SerializeToElement(value, Names));

    private sealed record Metadata(
        string Id, string? SessionID, string? Title, long CreatedAt, long? UpdatedAt, long SyncCount, bool Ended);
}
