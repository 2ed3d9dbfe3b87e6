using System.Net.WebSockets;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access;
using ShareRpc.Server.Connections.Handles;
using ShareRpc.Server.Read;

namespace ShareRpc.Server.Connections.DirectCalls;

/// <summary>
/// A waiting read that repeats itself: it sends the page after its cursor, then waits on the feed, or for credit. While
/// it waits it holds no page. One thread at a time, but for <see cref="Give"/> and <see cref="Wake"/>.
/// </summary>
internal sealed class Subscription : FeedWaiter, IDisposable
{
    private readonly Subscriptions all;
    private readonly AuthorityHold hold;
    private readonly ShareFeed feed;
    private readonly CancellationToken cancellation;
    private readonly Action lastLook;
    private readonly PageSink? sink;
    private readonly TaskCompletionSource<OpPage> end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer timer;
    private PageWish next;
    private long credit;
    private long heardAt;
    private volatile bool isTimeUp;

    public Subscription(Subscriptions all, AuthorityHold hold, ShareFeed feed, PageWish first, int credit,
        PageSink? sink, CancellationToken cancellation)
    {
        (this.all, this.hold, this.feed, this.sink, this.cancellation) = (all, hold, feed, sink, cancellation);
        (next, this.credit) = (first, credit);
        lastLook = hold.Authority.DemandPage;
        heardAt = all.Time.GetTimestamp();
        if (sink is not null) (sink.OnTaken, sink.OnRefused) = (Give, Refuse);
        timer = all.Time.CreateTimer(static one => ((Subscription)one!).OnTimer(), this, Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
    }

    public int Number => next.Subscription;

    public async Task<OpPage> RunAsync()
    {
        using CancellationTokenRegistration cancelled =
            cancellation.UnsafeRegister(static one => ((Subscription)one!).Wake(), this);
        SetTimer();
        BeginWait();
        Wake(); // not on this thread: it begins the next call
        return await end.Task.ConfigureAwait(false);
    }

    /// <summary>Adds credit, up to the most that there may be.</summary>
    public void Give(int bytes)
    {
        long before = Interlocked.Read(ref credit);
        while (true)
        {
            long after = Math.Min(before + bytes, all.MaxCredit);
            long seen = Interlocked.CompareExchange(ref credit, after, before);
            if (seen == before) break;
            before = seen;
        }

        if (before <= 0 || sink is not null) Wake();
    }

    public void Wake()
    {
        feed.Forget(this);
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    public void Dispose() => timer.Dispose();

    protected override void Look() => _ = LookAsync();

    private bool MayPush => Interlocked.Read(ref credit) > 0 && sink is not { HasRoom: false };

    private bool MustEnd =>
        cancellation.IsCancellationRequested || all.IsDraining || hold.Authority.Denied.IsCancellationRequested
        || hold.IsDropped;

    /// <summary>Allocates nothing unless the store or the socket waits.</summary>
    private async Task LookAsync()
    {
        try
        {
            while (!end.Task.IsCompleted)
            {
                Demand();
                if (feed.Ended && next.After >= feed.Head) end.TrySetResult(LastPage(gap: null));
                else if (isTimeUp) await BeatAsync().ConfigureAwait(false);
                else if (feed.Head > next.After && MayPush) await PushAsync().ConfigureAwait(false);
                else if (TryWait()) return;
            }
        }
        catch (Exception lost) when (lost is WebSocketException or IOException or ObjectDisposedException)
        {
            end.TrySetCanceled(CancellationToken.None); // nobody is there to be told
        }
        catch (OperationCanceledException)
        {
            end.TrySetCanceled(cancellation);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            end.TrySetException(exception);
        }
    }

    /// <summary>Throws what ends the subscription, as a waiting read would be answered.</summary>
    private void Demand()
    {
        cancellation.ThrowIfCancellationRequested();
        if (all.IsDraining) throw new ShareRpcException(ErrorCode.Draining);
        if (hold.IsDropped) throw new ShareRpcException(ErrorCode.MethodNotFound);
        lastLook();
    }

    /// <summary>Begins to wait for ops, or for credit; false when there is something to do.</summary>
    private bool TryWait()
    {
        bool waitsForCredit = feed.Head > next.After;
        if (waitsForCredit) BeginWait();
        else if (!feed.TryWait(this, next.After)) return false;

        // What happened before it waited did not wake it.
        bool isDue = MustEnd || isTimeUp || (waitsForCredit && MayPush);
        if (!isDue || !TryEndWait()) return true;
        feed.Forget(this);
        return false;
    }

    private async ValueTask PushAsync()
    {
        await all.BeginPageAsync().ConfigureAwait(false);
        try
        {
            SharedPage page = await all.Reads.ReadSharedAsync(hold.Authority.Profile, feed, next, all)
                .ConfigureAwait(false);
            if (page.Gap is { } gap)
            {
                end.TrySetResult(LastPage(gap));
                return;
            }

            Interlocked.Add(ref credit, -page.Bytes);
            all.Reads.NoteDelivered(page.Cursor - next.After);
            next = next with { After = page.Cursor };
            heardAt = all.Time.GetTimestamp();
            await SendAsync(page).ConfigureAwait(false);
        }
        finally
        {
            all.EndPage();
        }
    }

    private ValueTask SendAsync(SharedPage page)
    {
        if (sink is null) return all.PushAsync(page, lastLook);
        lastLook();
        sink.Push(page);
        return default;
    }

    private void Refuse(Exception exception)
    {
        end.TrySetException(exception);
        Wake();
    }

    /// <summary>Sends an empty page after a silence, so that the subscriber knows that the connection lives.</summary>
    private async ValueTask BeatAsync()
    {
        isTimeUp = false;
        SetTimer();
        if (sink is { HasRoom: false }) return;
        if (all.Time.GetElapsedTime(heardAt).TotalMilliseconds < all.SilenceMs) return;
        heardAt = all.Time.GetTimestamp();
        SharedPage page = await all.Reads.ReadEmptyAsync(hold.Authority.Profile, feed, next).ConfigureAwait(false);
        await all.BeginPageAsync().ConfigureAwait(false);
        try
        {
            await SendAsync(page).ConfigureAwait(false);
        }
        finally
        {
            all.EndPage();
        }
    }

    private OpPage LastPage(long? gap) => new()
    {
        Ops = [], Cursor = next.After, Head = Math.Max(feed.Head, next.After), Gap = gap,
        Ended = feed.Ended ? true : null, Generation = all.Reads.Generation,
    };

    private void OnTimer()
    {
        isTimeUp = true;
        Wake();
    }

    /// <summary>Also looks just after the authority's expiry.</summary>
    private void SetTimer()
    {
        int waitMs = Math.Max(1, hold.Authority.WaitAtMost(all.SilenceMs));
        timer.Change(TimeSpan.FromMilliseconds(waitMs), Timeout.InfiniteTimeSpan);
    }
}
