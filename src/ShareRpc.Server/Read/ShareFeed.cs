using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Commit;

namespace ShareRpc.Server.Read;

/// <summary>
/// What the readers of one share wait on: its head, a ring of its newest ops, and a wake that carries no payload. A reader
/// reads from its own cursor; a lost wake only delays. Lives while a handle on the share does. Any thread.
/// </summary>
internal sealed class ShareFeed(long shareKey, ServerLimits limits, ILogger log)
{
    private readonly Lock gate = new();
    private readonly OpRing ring = new(limits);
    private readonly List<FeedWaiter> waiters = [];
    private TaskCompletionSource changed = NewSignal();
    private long head;

    public long ShareKey => shareKey;

    /// <summary>The newest ops as redacted readers see them.</summary>
    public RedactedRing Redacted { get; } = new(limits);

    /// <summary>Handles that use it; counted by <see cref="Broadcaster"/> under its lock.</summary>
    public int Users { get; set; }

    public long Head => Interlocked.Read(ref head);

    /// <summary>Set for good once the share ended.</summary>
    public bool Ended { get; private set; }

    /// <summary>Ends at the next change after it was read: take it before looking at what there is.</summary>
    public Task Changed => Volatile.Read(ref changed).Task;

    /// <summary>Committed ops, in order, right after those published before.</summary>
    public void Publish(IReadOnlyList<LoggedOp> ops)
    {
        lock (gate)
        {
            foreach (LoggedOp op in ops) ring.Add(op);
        }

        Advance(ops[^1].Cursor);
        Wake();
    }

    /// <summary>The head is at least this.</summary>
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

    /// <summary>Lists somebody who is to be woken at the next change; false when there is something after the cursor already.</summary>
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

    /// <summary>It waits no longer.</summary>
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

    /// <summary>The ops after a cursor if the ring still has the first of them; null when the store must be asked.</summary>
    public IReadOnlyList<LoggedOp>? TryRead(long after, int limit, int maxBytes)
    {
        lock (gate) return ring.TryRead(after, limit, maxBytes);
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
