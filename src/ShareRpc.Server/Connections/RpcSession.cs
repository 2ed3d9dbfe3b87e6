using System.Net.WebSockets;
using System.Text.Json;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Server.Connections.DirectCalls;
using StreamJsonRpc;

namespace ShareRpc.Server.Connections;

/// <summary>One connection: its socket, its RPC layer, and the counts that bound what it may hold.</summary>
internal sealed class RpcSession(WebSocket socket, long connection, RpcServices services, string? address)
{
    private int handlesMade;
    private int waitingReads;
    private CancellationTokenSource? waitingForProof;
    private CallLedger? ledger;
    private DirectCallDispatcher? hotCalls;

    /// <summary>Where it came from, as far as that is known.</summary>
    public string? Address => address;

    /// <summary>Somebody redeemed a right token here: the connection may stay.</summary>
    public void Prove()
    {
        try
        {
            Interlocked.Exchange(ref waitingForProof, null)?.CancelAfter(Timeout.InfiniteTimeSpan);
        }
        catch (ObjectDisposedException)
        {
            // The connection has gone meanwhile.
        }
    }

    /// <summary>Serves until the peer leaves, the connection breaks, or <paramref name="stopping"/>.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        using var guarded = new GuardedWebSocket(
            socket, services.Limits.FrameBytes, services.ServerLimits, services.Time, connection, services.Logger);
        var formatter = new SystemTextJsonFormatter();
        ProtocolJson.Configure(formatter.JsonSerializerOptions).Converters.Add(ProtocolTypeConverter.Instance);
        var calls = new CallLedger(services.Limits.CallsInFlight, guarded.Abort);
        ledger = calls;
        var errors = new RpcErrors(services.ServerLimits.StorageRetryAfter, connection, services.Logger);
        using var hot = new DirectCallDispatcher(this, services, calls, errors);
        hotCalls = hot;
        using var messages = new MessageSocket(guarded, hot);
        await using var handler = new SessionMessageHandler(messages, hot, formatter, services.Limits.HandlesPerConnection);
        using var rpc = new SessionRpc(handler, calls, errors, new WrongTokens(this, services.Redeemer));
        messages.RpcLayer = new RpcLayerWatch(rpc.SynchronizationContext!);
        rpc.AddLocalRpcTarget<IShareGateway>(new Gateway(this, services), new JsonRpcTargetOptions { NotifyClientOfEvents = false });
        services.Logger.ConnectionOpened(connection);
        rpc.StartListening();
        WebSocketCloseStatus status = WebSocketCloseStatus.NormalClosure;
        using var unproven = new CancellationTokenSource(services.ServerLimits.RedeemTime, services.Time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping, unproven.Token);
        waitingForProof = unproven;
        using CancellationTokenRegistration draining = stopping.UnsafeRegister(_ => hot.Drain(), null);
        try
        {
            await rpc.Completion.WaitAsync(ending.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (unproven.IsCancellationRequested && !stopping.IsCancellationRequested)
        {
            services.Logger.FrameRefused(connection, "redeem_time");
            status = WebSocketCloseStatus.PolicyViolation;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // What was queued is being finished: its replies go out before the connection does.
            await calls.WhenIdleAsync().WaitAsync(
                services.ServerLimits.DrainTime, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            status = WebSocketCloseStatus.EndpointUnavailable;
        }
        catch (Exception exception) when (exception is JsonException or BadRpcHeaderException or InvalidOperationException)
        {
            services.Logger.FrameRefused(connection, "json");
            status = WebSocketCloseStatus.InvalidPayloadData;
        }
        catch (Exception exception) when (exception is WebSocketException or IOException or RemoteRpcException or ConnectionLostException)
        {
            services.Logger.ConnectionClosed(connection, exception.GetType().Name);
        }

        await CloseAsync(guarded, status).ConfigureAwait(false);

        // The RPC layer still reads. Ending that aborts the socket, and with it what was just sent: so the peer may close first.
        await rpc.Completion.WaitAsync(
            services.ServerLimits.CloseTime, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>
    /// An authority of this connection was taken back: what was answered before has a moment to leave, or the connection goes.
    /// </summary>
    public void DrainOrAbort()
    {
        hotCalls?.WakeReads();
        _ = ledger?.AbortUnlessDrainedAsync(services.ServerLimits.RevokedDrainTime);
    }

    /// <summary>Counts a handle ever made; the limit holds for the life of the connection.</summary>
    public void CountHandle()
    {
        if (!TryCountHandle()) throw new ShareRpcException(ErrorCode.TooManyHandles);
    }

    /// <summary>False when as many were made as may.</summary>
    public bool TryCountHandle() => Interlocked.Increment(ref handlesMade) <= services.Limits.HandlesPerConnection;

    /// <summary>Counts a read that waits; dispose it when it no longer does.</summary>
    public WaitingRead BeginWaitingRead() => TryBeginWaitingRead() ? new WaitingRead(this) : throw RpcErrors.TooManyCalls;

    /// <summary>False when as many reads wait as may; otherwise end it with <see cref="EndWaitingRead"/>.</summary>
    public bool TryBeginWaitingRead()
    {
        if (Interlocked.Increment(ref waitingReads) <= services.Limits.WaitingReads) return true;
        Interlocked.Decrement(ref waitingReads);
        return false;
    }

    public void EndWaitingRead() => Interlocked.Decrement(ref waitingReads);

    private async Task CloseAsync(WebSocket guarded, WebSocketCloseStatus status)
    {
        try
        {
            if (guarded.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                using var patience = new CancellationTokenSource(services.ServerLimits.CloseTime, TimeProvider.System);
                await guarded.CloseOutputAsync(status, null, patience.Token).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (
            exception is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            services.Logger.ConnectionClosed(connection, exception.GetType().Name);
        }
    }

    public readonly struct WaitingRead(RpcSession session) : IDisposable
    {
        public void Dispose() => session.EndWaitingRead();
    }
}
