using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Memory;

namespace ShareRpc.Server.Read;

/// <summary>
/// A share's head, ring while it is read, and wake without payload; a lost wake only delays. Lives while handles exist.
/// Thread-safe.
/// </summary>
internal sealed class ShareFeed(
    long shareKey, ServerLimits limits, MemoryBudget memory, TimeProvider time, ILogger log)
{
    private readonly Lock gate = new();
    private readonly List<FeedWaiter> waiters = [];
    private TaskCompletionSource changed = NewSignal();
    private OpRing? ring;
    private long lastRead = time.GetTimestamp();
    private bool isClosed;
    private long head;
    private long appendedMs = -1;
    private int writers;

    public long ShareKey => shareKey;

    public RedactedRing Redacted { get; } = new(limits, memory);

    public SharedPages Pages { get; } = new(limits, memory);

    /// <summary>Guarded by the lock of <see cref="Broadcaster"/>.</summary>
    public int Users { get; set; }

    public long Head => Interlocked.Read(ref head);

    public int Waiting
    {
        get
        {
            lock (gate) return waiters.Count;
        }
    }

    public bool Ended { get; private set; }

    /// <summary>Gets when the newest op but comments was appended; -1 until somebody has looked.</summary>
    public long AppendedMs => Interlocked.Read(ref appendedMs);

    /// <summary>Gets the number of handles with a writer.</summary>
    public int Writers => Volatile.Read(ref writers);

    public void AddWriter() => Interlocked.Increment(ref writers);

    public void RemoveWriter() => Interlocked.Decrement(ref writers);

    /// <summary>Notes when an op was appended.</summary>
    public void NoteAppend(long ms)
    {
        long seen = AppendedMs;
        while (ms > seen && Interlocked.CompareExchange(ref appendedMs, ms, seen) != seen) seen = AppendedMs;
    }

    /// <summary>Get it before checking for data.</summary>
    public Task Changed => Volatile.Read(ref changed).Task;

    /// <summary>Returns when it was last read, by the clock's timestamps.</summary>
    public long LastRead => Interlocked.Read(ref lastRead);

    /// <summary>Gets whether somebody reads, so that new ops are kept.</summary>
    public bool IsRead => Volatile.Read(ref ring) is not null;

    /// <summary>Takes ops in the order of their cursors, and keeps them while somebody reads. Some may be known: other
    /// nodes append to a share, too.</summary>
    public void Publish(IReadOnlyList<LoggedOp> ops)
    {
        if (ring is not null) Keep(ops);
        Advance(ops[^1].Cursor);
        for (int i = ops.Count - 1; i >= 0; i--)
        {
            if (ops[i].Kind == Kinds.Comment) continue; // by a reader
            NoteAppend(ops[i].TimeMs);
            break;
        }

        Wake();
    }

    /// <summary>Drops the ops that are kept, if nobody has read here for <c>ring_idle</c>.</summary>
    public void DropIfIdle()
    {
        bool isIdle;
        lock (gate) isIdle = waiters.Count == 0 && time.GetElapsedTime(LastRead) > limits.RingIdle;
        if (isIdle) Drop();
    }

    /// <summary>Drops the ops that are kept; returns how many bytes that gave back. The store has them.</summary>
    public long Drop(bool forGood = false)
    {
        long bytes;
        lock (gate)
        {
            bytes = ring?.Bytes ?? 0;
            ring = null;
            isClosed |= forGood;
        }

        memory.ReleaseCached(bytes);
        return bytes + Redacted.Clear(forGood) + Pages.Clear(forGood);
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
        Interlocked.Exchange(ref lastRead, time.GetTimestamp());
        lock (gate)
        {
            if (!isClosed) ring ??= new OpRing(limits);
            return Head > 0 && after >= Head ? [] : ring?.TryRead(after, limit, maxBytes);
        }
    }

    private void Keep(IReadOnlyList<LoggedOp> ops)
    {
        long bytes = ops.Sum(OpRing.SizeOf);
        bool isRoom = memory.TryCache(bytes);
        if (!isRoom)
        {
            memory.Evict(bytes);
            isRoom = memory.TryCache(bytes);
        }

        if (!isRoom)
        {
            Drop();
            return;
        }

        lock (gate)
        {
            long before = ring?.Bytes ?? 0;
            foreach (LoggedOp op in ops) ring?.Add(op);
            bytes += before - (ring?.Bytes ?? 0);
        }

        memory.ReleaseCached(bytes); // of what went out at the other end
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
