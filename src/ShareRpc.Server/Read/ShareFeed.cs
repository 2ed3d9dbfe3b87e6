using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Commit;

namespace ShareRpc.Server.Read;

/// <summary>
/// A share's head, ring, and wake without payload; a lost wake only delays. Lives while handles exist. Thread-safe.
/// </summary>
internal sealed class ShareFeed(long shareKey, ServerLimits limits, ILogger log)
{
    private readonly Lock gate = new();
    private readonly OpRing ring = new(limits);
    private readonly List<FeedWaiter> waiters = [];
    private TaskCompletionSource changed = NewSignal();
    private long head;

    public long ShareKey => shareKey;

    public RedactedRing Redacted { get; } = new(limits);

    /// <summary>Guarded by the lock of <see cref="Broadcaster"/>.</summary>
    public int Users { get; set; }

    public long Head => Interlocked.Read(ref head);

    public bool Ended { get; private set; }

    /// <summary>Get it before checking for data.</summary>
    public Task Changed => Volatile.Read(ref changed).Task;

    /// <summary>Needs ops that directly follow the previous ones.</summary>
    public void Publish(IReadOnlyList<LoggedOp> ops)
    {
        lock (gate)
        {
            foreach (LoggedOp op in ops) ring.Add(op);
        }

        Advance(ops[^1].Cursor);
        Wake();
    }

    public void Advance(long cursor)
    {
        long seen = Head;
        while (cursor > seen && Interlocked.CompareExchange(ref head, cursor, seen) != seen) seen = Head;
    }

    public void End()
    {
        Ended = true;
        Wake();
    }

    public void Wake()
    {
        Interlocked.Exchange(ref changed, NewSignal()).TrySetResult();
        IThreadPoolWorkItem[] woken;
        lock (gate)
        {
            if (waiters.Count == 0) return;
            foreach (FeedWaiter waiter in waiters) waiter.Place = -1;
            woken = [.. waiters];
            waiters.Clear();
        }

        WorkRun.Queue(woken, log);
    }

    /// <summary>Returns false when there are ops after the cursor or the share ended.</summary>
    public bool TryWait(FeedWaiter waiter, long after)
    {
        lock (gate)
        {
            if (Head > after || Ended) return false;
            waiter.BeginWait();
            waiter.Place = waiters.Count;
            waiters.Add(waiter);
            return true;
        }
    }

    public void Forget(FeedWaiter waiter)
    {
        lock (gate)
        {
            if (waiter.Place < 0) return;
            FeedWaiter last = waiters[^1];
            (waiters[waiter.Place], last.Place) = (last, waiter.Place);
            waiters.RemoveAt(waiters.Count - 1);
            waiter.Place = -1;
        }
    }

    /// <summary>Returns null when only the store has them.</summary>
    public IReadOnlyList<LoggedOp>? TryRead(long after, int limit, int maxBytes)
    {
        lock (gate) return ring.TryRead(after, limit, maxBytes);
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
