using ShareRpc.Client.Connection;
using ShareRpc.Client.Writing.Outbox;

namespace ShareRpc.Client.Writing.Sending;

/// <summary>Sends while this process holds the lease.</summary>
internal sealed class OutboxSender : IAsyncDisposable
{
    private readonly SenderContext context;
    private readonly string holder = Guid.CreateVersion7().ToString();
    private readonly HolderFile alive;
    private readonly CancellationTokenSource stopping = new();
    private readonly ServerBounds bounds = new();
    private readonly TransportFactory transport;
    private readonly Task running;
    private long leaseRenewed;
    private long rounds;

    public OutboxSender(SenderContext context)
    {
        this.context = context;
        alive = new HolderFile(context.Options.OutboxPath, holder);
        Failures = new LaneFailures(context.Options, context.Time);
        transport = context.Options.Transport
            ?? new WebSocketTransport(context.Options.KeepAliveInterval, context.Options.KeepAliveTimeout).ConnectAsync;
        running = Task.Run(RunAsync);
    }

    public ConnectionState State { get; private set; }

    public Exception? LastFailure { get; private set; }

    public LaneFailures Failures { get; }

    /// <summary>Gets how often the sender has looked for work.</summary>
    public long Rounds => Interlocked.Read(ref rounds);

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync().ConfigureAwait(false);
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            context.Outbox.ReleaseLease(holder);
        }
        catch (OutboxException failure)
        {
            context.Log.LeaseNotReleased(failure); // it ends by itself
        }

        alive.Dispose();
        bounds.Dispose();
        stopping.Dispose();
    }

    private long NowMs => context.Time.GetUtcNow().ToUnixTimeMilliseconds();

    private async Task RunAsync()
    {
        CancellationToken stop = stopping.Token;
        var backoff = new Backoff(context.Options.FirstRetry, context.Options.MaxRetry);
        while (!stop.IsCancellationRequested)
        {
            TimeSpan wait = TimeSpan.Zero;
            Interlocked.Increment(ref rounds);
            Task changed = context.Outbox.Changed;
            try
            {
                context.Outbox.Refused.RequeueDue(NowMs);
                if (context.Outbox.ListWork().Count == 0 || !HoldLease())
                {
                    SetState(ConnectionState.Idle);
                    context.Outbox.Purge();
                    await WaitForChangeAsync(changed, context.Options.PollInterval, stop).ConfigureAwait(false);
                    continue;
                }

                SetState(ConnectionState.Connecting);
                await using RpcConnection connection =
                    await RpcConnection.OpenAsync(transport, context.Options.Server, stop).ConfigureAwait(false);
                context.Log.Connected(context.Options.Server);
                SetState(ConnectionState.Connected);
                LastFailure = null;
                await SuperviseAsync(connection, backoff, stop).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                break;
            }
            catch (DisconnectedException exception)
            {
                LastFailure = exception;
                wait = backoff.Next();
                context.Log.Disconnected(context.Options.Server, (long)wait.TotalMilliseconds);
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                LastFailure = exception;
                wait = backoff.Next();
                context.Log.SenderFailed(exception, (long)wait.TotalMilliseconds);
            }

            SetState(ConnectionState.Connecting);
            await WaitForRetryAsync(wait, stop).ConfigureAwait(false);
        }

        SetState(ConnectionState.Idle);
    }

    /// <summary>Runs until disconnected, lease lost or idle.</summary>
    private async Task SuperviseAsync(RpcConnection connection, Backoff backoff, CancellationToken stop)
    {
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(stop);
        _ = connection.Closed.ContinueWith(
            _ => lost.CancelAsync(), CancellationToken.None, TaskContinuationOptions.None,
            TaskScheduler.Default).Unwrap();
        var lanes = new LaneSet(connection, context, bounds, Failures, lost.Token);
        long idleSince = context.Time.GetTimestamp();
        try
        {
            while (!lost.IsCancellationRequested && HoldLease())
            {
                Interlocked.Increment(ref rounds);
                Task changed = context.Outbox.Changed;
                lanes.Reap();
                context.Outbox.Refused.RequeueDue(NowMs);
                IReadOnlyList<long> work = context.Outbox.ListWork();
                if (work.Count == 0) bounds.AllSent();
                lanes.Start(work);
                if (!lanes.IsEmpty) idleSince = context.Time.GetTimestamp();
                else if (context.Time.GetElapsedTime(idleSince) >= context.Options.IdleTime) return;
                await WaitForChangeAsync(changed, context.Options.PollInterval, lost.Token).ConfigureAwait(false);
            }
        }
        finally
        {
            await lost.CancelAsync().ConfigureAwait(false);
            await lanes.EndAsync().ConfigureAwait(false);
            if (lanes.HasSent) backoff.Reset();
        }

        stop.ThrowIfCancellationRequested();
        throw new DisconnectedException(null);
    }

    /// <summary>Renews rarely: renewals write to disk. A holder that was killed is followed at once.</summary>
    private bool HoldLease()
    {
        long now = NowMs;
        long length = (long)context.Options.LeaseTime.TotalMilliseconds;
        if (now < leaseRenewed + (length / 3) && now >= leaseRenewed) return true;
        alive.Hold();
        string? dead = context.Outbox.FindLeaseHolder() is { } other && alive.IsDead(other) ? other : null;
        bool held = context.Outbox.TryHoldLease(holder, now, length, dead);
        if (held && dead is not null) alive.Remove(dead);
        if (!held && leaseRenewed >= 0) context.Log.LeaseElsewhere();
        leaseRenewed = held ? now : -1;
        return held;
    }

    private void SetState(ConnectionState state)
    {
        if (State == state) return;
        State = state;
        context.Outbox.Signal();
    }

    /// <summary>Enqueues end the wait, after <see cref="ShareClientOptions.WokenRetry"/>.</summary>
    private async Task WaitForRetryAsync(TimeSpan wait, CancellationToken stop)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        long start = context.Time.GetTimestamp();
        Task delay = Task.Delay(wait, context.Time, over.Token);
        await Task.WhenAny(delay, context.Outbox.Changed).ConfigureAwait(false);
        TimeSpan rest = context.Options.WokenRetry - context.Time.GetElapsedTime(start);
        if (!delay.IsCompleted && rest > TimeSpan.Zero)
        {
            await Task.WhenAny(delay, Task.Delay(rest, context.Time, over.Token)).ConfigureAwait(false);
        }

        await over.CancelAsync().ConfigureAwait(false);
    }

    private async Task WaitForChangeAsync(Task changed, TimeSpan atMost, CancellationToken cancellationToken)
    {
        try
        {
            await changed.WaitAsync(atMost, context.Time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // Another process may have written.
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            // Connection lost.
        }
    }
}
