using System.Net.WebSockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Connections.DirectCalls;
using ShareRpc.Server.Connections.Handles;
using ShareRpc.Server.Diagnostics;
using ShareRpc.Server.Memory;
using ShareRpc.Server.Read;
using StreamJsonRpc;

namespace ShareRpc.Server.Connections;

internal sealed class RpcSession(
    WebSocket socket, SessionState state, long connection, ServerOptions options, Redeemer redeemer, ShareReads reads,
    TimeProvider time, MemoryBudget memory, IServiceProvider services, RefusedFrames refused, ILogger<RpcSession> log)
{
    private static readonly ObjectFactory<Gateway> NewGateway = ActivatorUtilities.CreateFactory<Gateway>(
        [typeof(SessionState), typeof(WrongTokens)]);
    private readonly ServerLimits limits = options.ServerLimits;

    /// <summary>Serves until the peer leaves, the connection breaks, or <paramref name="stopping"/>.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        using var guarded = new GuardedWebSocket(
            socket, () => state.MostMessageBytes, limits, time, rule => refused.Log(state.Address, connection, rule));
        var formatter = new SystemTextJsonFormatter();
        ProtocolJson.Configure(formatter.JsonSerializerOptions).Converters.Add(ProtocolTypeConverter.Instance);
        using MemoryAccount replies = memory.Open(state.Address, guarded.Abort);
        var unsent = new UnsentMemory(replies);
        using var requests = new RequestMemory();
        var ledger = new CallLedger(options.Limits.CallsInFlight, guarded.Abort);
        var errors = new RpcErrors(
            limits.StorageRetryAfter, connection, services.GetRequiredService<ServerMetrics>(), log);
        using DirectCallDispatcher? direct =
            options.DirectCalls
                ? new DirectCallDispatcher(state, reads, options.Limits, time, ledger, errors, unsent) : null;
        using var subscriptions = new Subscriptions(state, reads, options.Limits, time, ledger, unsent);
        state.Subscriptions = subscriptions;
        using SessionState owned = state;
        using var messages = new MessageSocket(
            guarded, direct, subscriptions,
            () => memory.Open(state.Address, guarded.Abort), unsent, options.Limits.FrameBytes);
        await using var handler =
            new SessionMessageHandler(messages, direct, formatter, requests, options.Limits.HandlesPerConnection);
        var wrongTokens = new WrongTokens(state, redeemer, options.Limits.CallsInFlight);
        using var rpc = new SessionRpc(handler, ledger, errors, wrongTokens, unsent, requests);
        direct?.Follow(rpc.SynchronizationContext!);
        state.OnDenied = () =>
        {
            direct?.WakeReads();
            subscriptions.WakeAll();
            _ = ledger.AbortUnlessDrainedAsync(limits.RevokedDrainTime);
        };
        Gateway gateway = NewGateway(services, [state, wrongTokens]);
        rpc.AddLocalRpcTarget<IShareGateway>(gateway, new JsonRpcTargetOptions { NotifyClientOfEvents = false });
        log.ConnectionOpened(connection);
        using var unproven = new CancellationTokenSource(limits.RedeemTime, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping, unproven.Token);
        state.AwaitProof(unproven);
        rpc.StartListening();
        using CancellationTokenRegistration draining = stopping.UnsafeRegister(_ =>
        {
            direct?.Drain();
            subscriptions.Drain();
        }, null);
        WebSocketCloseStatus status = await ServeAsync(rpc, guarded, ledger, unproven.Token, ending.Token, stopping)
            .ConfigureAwait(false);
        await CloseAsync(guarded, status).ConfigureAwait(false);

        // Cancelling the RPC layer's read would abort the socket and unsent data, so the peer may close first.
        await rpc.Completion.WaitAsync(limits.CloseTime, CancellationToken.None)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Returns the code to close with when the connection has ended, for whatever reason.</summary>
    private async Task<WebSocketCloseStatus> ServeAsync(
        SessionRpc rpc, WebSocket guarded, CallLedger ledger, CancellationToken unproven, CancellationToken ending,
        CancellationToken stopping)
    {
        WebSocketCloseStatus status = WebSocketCloseStatus.NormalClosure;
        try
        {
            await await Task.WhenAny(rpc.Completion.WaitAsync(ending), state.Revoked).ConfigureAwait(false);
            if (state.Revoked.IsCompleted) status = WebSocketCloseStatus.PolicyViolation;
            else if (guarded.State == WebSocketState.Open)
            {
                // The RPC layer ended by itself, at a message that is none of its own, such as an answer to no call.
                refused.Log(state.Address, connection, "message");
                status = WebSocketCloseStatus.InvalidPayloadData;
            }

            if (state.Revoked.IsCompleted) await WhenIdleAsync(limits.RevokedDrainTime).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (unproven.IsCancellationRequested && !stopping.IsCancellationRequested)
        {
            refused.Log(state.Address, connection, "redeem_time");
            status = WebSocketCloseStatus.PolicyViolation;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Sends the replies of queued work before closing.
            await WhenIdleAsync(limits.DrainTime).ConfigureAwait(false);
            status = WebSocketCloseStatus.EndpointUnavailable;
        }
        catch (Exception exception) when (
            exception is WebSocketException or IOException or RemoteRpcException or ConnectionLostException)
        {
            log.ConnectionClosed(connection, exception.GetType().Name);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            refused.Log(state.Address, connection, "message");
            status = WebSocketCloseStatus.InvalidPayloadData;
        }

        return status;

        async Task WhenIdleAsync(TimeSpan atMost) =>
            await ledger.WhenIdleAsync().WaitAsync(atMost, CancellationToken.None)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task CloseAsync(WebSocket guarded, WebSocketCloseStatus status)
    {
        try
        {
            if (guarded.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                using var patience = new CancellationTokenSource(limits.CloseTime, TimeProvider.System);
                await guarded.CloseOutputAsync(status, null, patience.Token).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (
            exception is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            log.ConnectionClosed(connection, exception.GetType().Name);
        }
    }
}
