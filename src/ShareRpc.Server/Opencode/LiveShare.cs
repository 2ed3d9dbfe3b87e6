using System.Buffers;
using System.Net.WebSockets;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access;
using ShareRpc.Server.Connections;
using ShareRpc.Server.Http;
using ShareRpc.Server.Memory;
using ShareRpc.Server.Read;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Opencode;

/// <summary>
/// <c>/ws/{share}?after=</c>: what changes in a share, as items of a sync, over a WebSocket of which nothing is read.
/// </summary>
internal sealed class LiveShare(
    SocketAdmission admission, ClientAddress addresses, HttpAccess access, IShareStore store, ShareReads reads,
    Broadcaster broadcaster, MemoryBudget memory, ServerOptions options)
{
    public async Task HandleAsync(HttpContext context)
    {
        HttpAuthority authority;
        long after;
        try
        {
            addresses.Apply(context);
            if (await admission.TryRefuseOriginAsync(context).ConfigureAwait(false)) return;
            if (!context.WebSockets.IsWebSocketRequest)
            {
                await SocketAdmission.RefuseAsync(context, StatusCodes.Status426UpgradeRequired,
                    "This is a WebSocket endpoint.").ConfigureAwait(false);
                return;
            }

            after = QueryNumber.Of(context.Request.Query, "after") ?? 0;
            authority = await SharesEndpoint.RedeemReaderAsync(access, context).ConfigureAwait(false);
        }
        catch (ShareRpcException error)
        {
            HttpAnswer.SetHeaders(context.Response);
            await HttpAnswer.ErrorAsync(context, error).ConfigureAwait(false);
            return;
        }

        using (authority)
        {
            await admission.ServeAsync(context, subprotocol: null, async (socket, state, _, stopping) =>
            {
                state.Prove();
                using (state)
                    await ServeAsync(socket, authority, after, state.Address, stopping).ConfigureAwait(false);
            }).ConfigureAwait(false);
        }
    }

    private async Task ServeAsync(WebSocket socket, HttpAuthority authority, long after, string? address,
        CancellationToken stopping)
    {
        using var left = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        using MemoryAccount account = memory.Open(address, socket.Abort);

        // A page that is under way when access ends has a moment to arrive (I7).
        using CancellationTokenRegistration denied = authority.Authority.Denied.Register(
            () => left.CancelAfter(options.ServerLimits.RevokedDrainTime));
        Task leaving = WaitForCloseAsync(socket, left);
        ShareFeed feed = broadcaster.Acquire(authority.Share.Key);
        WebSocketCloseStatus status = WebSocketCloseStatus.NormalClosure;
        try
        {
            await using (IReadSnapshot snapshot = await store.BeginReadAsync())
            {
                feed.Advance(await snapshot.ReadHeadAsync(authority.Share.Key));
                if ((await snapshot.FindShareAsync(authority.Share.Key))!.State == ShareState.Ended) feed.End();
            }

            await FollowAsync(socket, authority.Authority, feed, after, account, left.Token).ConfigureAwait(false);
        }
        catch (ShareRpcException error)
        {
            status = error.Code == ErrorCode.Draining
                ? WebSocketCloseStatus.EndpointUnavailable : WebSocketCloseStatus.PolicyViolation;
        }
        catch (Exception exception) when (exception is WebSocketException or OperationCanceledException or IOException)
        {
            if (stopping.IsCancellationRequested) status = WebSocketCloseStatus.EndpointUnavailable;
            else if (authority.Authority.Denied.IsCancellationRequested) status = WebSocketCloseStatus.PolicyViolation;
        }
        finally
        {
            broadcaster.Release(feed);
        }

        await CloseAsync(socket, status).ConfigureAwait(false);
        await leaving.WaitAsync(options.ServerLimits.CloseTime, CancellationToken.None)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task FollowAsync(WebSocket socket, Authority authority, ShareFeed feed, long after,
        MemoryAccount account, CancellationToken left)
    {
        while (true)
        {
            OpPage page = await reads.ReadAsync(authority, feed,
                new ReadOpsRequest { After = after, WaitMs = options.Limits.WaitMs }, left).ConfigureAwait(false);
            bool isOver = page.Ended == true && page.Cursor >= page.Head;
            if (page.Ops.Count > 0 || page.Gap is not null || isOver)
            {
                byte[] message = MessageOf(page, isOver);
                if (!account.TryGrow(message.Length)) throw new ShareRpcException(ErrorCode.Overloaded);
                authority.DemandPage();
                await socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, left)
                    .ConfigureAwait(false);
                account.Shrink(message.Length);
            }

            if (isOver) return;
            after = page.Gap ?? page.Cursor;
        }
    }

    /// <summary>Hidden ops are left out.</summary>
    private static byte[] MessageOf(OpPage page, bool isOver)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(bytes))
        {
            writer.WriteStartObject();
            writer.WriteNumber("cursor"u8, page.Gap ?? page.Cursor);
            if (page.Gap is not null) writer.WriteBoolean("gap"u8, true);
            if (isOver) writer.WriteBoolean("ended"u8, true);
            writer.WriteStartArray("data"u8);
            foreach (LoggedOp op in page.Ops)
            {
                if (op.Hidden || op.Verb.Length == 0) continue;
                writer.WriteStartObject();
                writer.WriteString("type"u8, op.Kind);
                writer.WriteString("key"u8, op.Key);
                if (op.Verb == Verbs.Remove || op.Data is not { } data) writer.WriteBoolean("removed"u8, true);
                else
                {
                    writer.WritePropertyName(op.Verb == Verbs.Append ? "append"u8 : "data"u8);
                    writer.WriteRawValue(data.Utf8.Span, skipInputValidation: true);
                }

                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return bytes.WrittenSpan.ToArray();
    }

    /// <summary>Ends the following when the peer closes, or sends anything.</summary>
    private static async Task WaitForCloseAsync(WebSocket socket, CancellationTokenSource left)
    {
        try
        {
            await socket.ReceiveAsync(new byte[16].AsMemory(), CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            try
            {
                await left.CancelAsync().ConfigureAwait(false);
            }
            catch (ObjectDisposedException)
            {
            }
        }
    }

    private async Task CloseAsync(WebSocket socket, WebSocketCloseStatus status)
    {
        try
        {
            using var patience = new CancellationTokenSource(options.ServerLimits.CloseTime, TimeProvider.System);
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
                await socket.CloseOutputAsync(status, null, patience.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is WebSocketException or OperationCanceledException or IOException)
        {
            socket.Abort();
        }
    }
}
