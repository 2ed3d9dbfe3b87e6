using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.CapnWeb.Sessions;
using ShareRpc.Server.CapnWeb.Values;
using ShareRpc.Server.Connections;
using ShareRpc.Server.Connections.DirectCalls;
using ShareRpc.Server.Connections.Handles;
using ShareRpc.Server.Diagnostics;
using ShareRpc.Server.Memory;
using ShareRpc.Server.Read;

namespace ShareRpc.Server.CapnWeb;

/// <summary>A session over a WebSocket, with the bounds of <c>/rpc</c>.</summary>
internal sealed class CapSocket(
    WebSocket socket, SessionState state, long connection, ServerOptions options, Redeemer redeemer,
    ShareReads reads, MemoryBudget memory, RefusedFrames refused, TimeProvider time, ServerMetrics metrics,
    ILogger<CapSocket> log)
{
    private readonly ServerLimits limits = options.ServerLimits;

    /// <summary>Serves until the peer leaves, the connection breaks, or <paramref name="stopping"/>.</summary>
    public async Task RunAsync(HttpContext context, Func<CapHost, CapTarget> main, CancellationToken stopping)
    {
        using var guarded = new GuardedWebSocket(
            socket, () => state.MostMessageBytes, limits, time, rule => refused.Log(state.Address, connection, rule));
        using MemoryAccount replies = memory.Open(state.Address, guarded.Abort);
        using MemoryAccount results = memory.Open(state.Address, guarded.Abort);
        var unsent = new UnsentMemory(replies);
        var ledger = new CallLedger(int.MaxValue, guarded.Abort, limits.CapnwebExports + 1);
        using var subscriptions = new Subscriptions(state, reads, options.Limits, time, ledger, unsent);
        state.Subscriptions = subscriptions;
        using SessionState owned = state;
        using var messages = new MessageSocket(guarded, calls: null, subscriptions: null,
            () => memory.Open(state.Address, guarded.Abort), unsent, options.Limits.FrameBytes);
        var outgoing = new Outgoing(
            bytes => messages.SendAsync(bytes, onTurn: null, CancellationToken.None), unsent, ledger);
        var parts = new CapSessionParts(outgoing, new UnsentMemory(results), ledger,
            new RpcErrors(limits.StorageRetryAfter, connection, metrics, log), options.Limits.CallsInFlight,
            limits.CapnwebExports, HasWayBack: true);
        using var ended = new CancellationTokenSource();
        var wrongTokens = new WrongTokens(state, redeemer, options.Limits.CallsInFlight);
        using var session =
            new CapSession(main(new CapHost(context, state, wrongTokens, ended.Token)), parts);
        state.OnDenied = () =>
        {
            subscriptions.WakeAll();
            _ = ledger.AbortUnlessDrainedAsync(limits.RevokedDrainTime);
        };
        log.ConnectionOpened(connection);
        using var unproven = new CancellationTokenSource(limits.RedeemTime, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping, unproven.Token);
        state.AwaitProof(unproven);
        if (state.IsProven) state.Prove();
        using CancellationTokenRegistration draining = stopping.UnsafeRegister(_ => subscriptions.Drain(), null);
        WebSocketCloseStatus status =
            await ServeAsync(session, messages, ledger, ended, ending.Token, unproven.Token, stopping)
                .ConfigureAwait(false);
        await ended.CancelAsync().ConfigureAwait(false);
        await CloseAsync(guarded, status).ConfigureAwait(false);
    }

    private async Task<WebSocketCloseStatus> ServeAsync(CapSession session, MessageSocket messages, CallLedger ledger,
        CancellationTokenSource ended, CancellationToken ending, CancellationToken unproven, CancellationToken stopping)
    {
        // Cancelling a receive would abort the socket, and with it what is still to be sent.
        Task<string?> taking = TakeAllAsync(session, messages);
        try
        {
            Task first = await Task.WhenAny(taking, state.Revoked).WaitAsync(ending).ConfigureAwait(false);
            if (first == taking)
            {
                if (await taking.ConfigureAwait(false) is not { } rule) return WebSocketCloseStatus.NormalClosure;
                refused.Log(state.Address, connection, "message");
                session.Abort(rule);
                await ended.CancelAsync().ConfigureAwait(false); // a call that waits would hold up the close
                await WhenIdleAsync(limits.CloseTime).ConfigureAwait(false);
                return WebSocketCloseStatus.InvalidPayloadData;
            }

            await WhenIdleAsync(limits.RevokedDrainTime).ConfigureAwait(false);
            return WebSocketCloseStatus.PolicyViolation;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            await WhenIdleAsync(limits.DrainTime).ConfigureAwait(false);
            return WebSocketCloseStatus.EndpointUnavailable;
        }
        catch (OperationCanceledException) when (unproven.IsCancellationRequested)
        {
            refused.Log(state.Address, connection, "redeem_time");
            return WebSocketCloseStatus.PolicyViolation;
        }

        async Task WhenIdleAsync(TimeSpan atMost) =>
            await ledger.WhenIdleAsync().WaitAsync(atMost, CancellationToken.None)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Takes messages until the connection or the session ends; returns what ends it, if a message.</summary>
    private async Task<string?> TakeAllAsync(CapSession session, MessageSocket messages)
    {
        try
        {
            while (!session.IsAborted)
            {
                ReadOnlyMemory<byte> message =
                    await messages.ReceiveAsync(CancellationToken.None).ConfigureAwait(false);
                if (message.IsEmpty) return null;
                try
                {
                    session.Take(message.Span, messages.KeepAccount());
                }
                finally
                {
                    messages.GiveBack();
                }

                await session.WhenRoomAsync().ConfigureAwait(false);
            }
        }
        catch (CapProtocolException broken)
        {
            return broken.Message;
        }
        catch (Exception exception) when (exception is WebSocketException or IOException
            or OperationCanceledException or ObjectDisposedException)
        {
            log.ConnectionClosed(connection, exception.GetType().Name);
        }

        return null;
    }

    private async Task CloseAsync(WebSocket guarded, WebSocketCloseStatus status)
    {
        try
        {
            if (guarded.State is not (WebSocketState.Open or WebSocketState.CloseReceived)) return;
            using var patience = new CancellationTokenSource(limits.CloseTime, TimeProvider.System);
            await guarded.CloseOutputAsync(status, null, patience.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is WebSocketException or IOException
            or OperationCanceledException or ObjectDisposedException)
        {
            log.ConnectionClosed(connection, exception.GetType().Name);
        }
    }
}
