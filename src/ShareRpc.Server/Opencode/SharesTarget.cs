using System.Text.Json;
using Microsoft.AspNetCore.Http;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access;
using ShareRpc.Server.CapnWeb.Targets;
using ShareRpc.Server.CapnWeb.Values;
using ShareRpc.Server.Http;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Opencode;

/// <summary>
/// The object at <c>/rpc/share</c>: opencode's calls with positional arguments (protocol/neighbours/capnweb.md). Its
/// items become ops as those of a sync over HTTP.
/// </summary>
/// <param name="context">The request of the session.</param>
/// <param name="creator">Whose key was shown; this owns it.</param>
internal sealed class SharesTarget(
    HttpContext context, HttpAuthority creator, OpencodeShares shares, ShareSync sync, ServerOrigin origin,
    IShareStore store, CancellationToken ended) : CapTarget
{
    private static readonly JsonDocumentOptions ParseOptions = new() { MaxDepth = WireJson.MaxDepth };

    public override async Task<CapResult> CallAsync(IReadOnlyList<string> path, CapArguments arguments)
    {
        if (path.Count != 1) throw new ShareRpcException(ErrorCode.MethodNotFound);
        creator.Authority.Demand(Rights.None);
        return path[0] switch
        {
            "createShare" => Json(await CreateAsync(TextOf(arguments, 0), arguments.JsonAt(1)).ConfigureAwait(false)),
            "syncShare" => Json(await SyncAsync(
                TextOf(arguments, 0), TextOf(arguments, 1), arguments.JsonAt(2)).ConfigureAwait(false)),
            "deleteShare" => Json(await DeleteAsync(TextOf(arguments, 0), TextOf(arguments, 1)).ConfigureAwait(false)),
            "probeValue" => new CapResult(
                arguments.Items.Count > 0 ? ValuePath.Own(arguments.Items[0]) : JsonValue.Null),
            "probeCallback" => await CallBackAsync(arguments).ConfigureAwait(false),
            _ => throw new ShareRpcException(ErrorCode.MethodNotFound),
        };
    }

    protected override void End() => creator.Dispose();

    private async Task<object> CreateAsync(string sessionId, ReadOnlyMemory<byte>? initial)
    {
        SharedSession shared =
            await shares.ShareAsync(creator.Authority, sessionId, isOpen: false).ConfigureAwait(false);
        string secret = shared.Append.Reveal();
        if (initial is not null) await SyncAsync(shared.ShareId, secret, initial).ConfigureAwait(false);
        return new
        {
            Id = shared.ShareId, Url = $"{origin.BaseOf(context.Request)}/share/{shared.Read.Reveal()}",
            Secret = secret,
        };
    }

    private async Task<object> SyncAsync(string shareId, string secret, ReadOnlyMemory<byte>? data)
    {
        using HttpAuthority authority = await sync.RedeemAsync(secret, shareId, context).ConfigureAwait(false);
        using JsonDocument items = Parse(data ?? throw new ShareRpcException(ErrorCode.InvalidParams));
        using IEnumerator<SyncItem> each = items.RootElement.EnumerateArray().Select(ToItem).GetEnumerator();
        await sync.AppendAsync(authority, () => ValueTask.FromResult(each.MoveNext() ? each.Current : null), ended)
            .ConfigureAwait(false);
        await using IReadSnapshot snapshot = await store.BeginReadAsync();
        return new { Success = true, SyncCount = await snapshot.ReadHeadAsync(authority.Share.Key) };
    }

    private async Task<object> DeleteAsync(string shareId, string secret)
    {
        await sync.UnshareAsync(secret, shareId, context).ConfigureAwait(false);
        return new { Success = true };
    }

    private static Task<CapResult> CallBackAsync(CapArguments arguments) => arguments.Items is [StubValue callback, ..]
        ? callback.Target.CallAsync([], new CapArguments([new JsonValue("\"ping\""u8.ToArray())], buffer: null))
        : throw new ShareRpcException(ErrorCode.InvalidParams);

    private static JsonDocument Parse(ReadOnlyMemory<byte> data)
    {
        JsonDocument items = JsonDocument.Parse(data, ParseOptions);
        if (items.RootElement.ValueKind == JsonValueKind.Array) return items;
        items.Dispose();
        throw new ShareRpcException(ErrorCode.InvalidParams);
    }

    /// <summary>What has no type or data counts as an item of unknown form.</summary>
    private static SyncItem ToItem(JsonElement item) =>
        JsonMembers.TryFind(item, "type"u8, out JsonElement type) && type.ValueKind == JsonValueKind.String
            && JsonMembers.TryFind(item, "data"u8, out JsonElement data)
            ? new SyncItem(type.GetString()!, RawJson.Of(data)) : SyncItem.Malformed;

    private static string TextOf(CapArguments arguments, int index) =>
        RequestJson.Read<string>(arguments.JsonAt(index));

    private static CapResult Json(object result) =>
        new(new JsonValue(JsonSerializer.SerializeToUtf8Bytes(result, Names)));

    private static readonly JsonSerializerOptions Names = new(ProtocolJson.Options)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
    };
}
