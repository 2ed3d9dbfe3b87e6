using ShareRpc.Protocol.Errors;

namespace ShareRpc.Server.Commit;

/// <summary>
/// Queued items, bounded by count and bytes. Urgent items go first, bounded only by calls in flight. Background items
/// join a transaction up to half its ops, and beyond that a fifth of the time. Thread-safe. Whoever takes items holds
/// the turn until it releases it: the commit loop, or a thread that waits for nobody else (<see cref="TryTake"/>).
/// </summary>
internal sealed class CommitQueue(ServerLimits limits)
{
    private readonly object gate = new();
    private readonly Queue<CommitItem> urgent = new();
    private readonly Queue<CommitItem> waiting = new();
    private readonly Queue<CommitItem> background = new();

    // Not the clock of the server, which a test may stop: this is about processor time.
    private readonly TimeProvider time = TimeProvider.System;
    private long backgroundDue;
    private long waitingBytes;
    private bool isTaken;
    private long takenAt;
    private bool closed;

    /// <summary>
    /// Gets or sets what commits on the calling thread, if no other does; null: only the commit loop commits.
    /// </summary>
    public Action? CommitHere { get; set; }

    public int Count
    {
        get
        {
            lock (gate) return urgent.Count + waiting.Count + background.Count;
        }
    }

    /// <summary>Gets whether for a time there was no transaction, of any thread.</summary>
    public bool IsIdle
    {
        get
        {
            lock (gate) return HasRested();
        }
    }

    public (int Items, long Bytes) Waiting
    {
        get
        {
            lock (gate) return (urgent.Count + waiting.Count + background.Count, waitingBytes);
        }
    }

    /// <summary>
    /// Throws <c>overloaded</c> when full, <c>draining</c> once closed; otherwise the item is always answered.
    /// </summary>
    public void Enqueue(CommitItem item)
    {
        lock (gate)
        {
            if (closed) throw new ShareRpcException(ErrorCode.Draining) { RetryAfter = limits.DrainingRetryAfter };
            if (item.IsUrgent)
            {
                urgent.Enqueue(item);
            }
            else if (item.IsBackground)
            {
                if (background.Count >= limits.QueueItems)
                {
                    throw new ShareRpcException(ErrorCode.Overloaded) { RetryAfter = limits.OverloadedRetryAfter };
                }

                background.Enqueue(item);
            }
            else
            {
                if (waiting.Count >= limits.QueueItems
                    || (waiting.Count > 0 && waitingBytes + item.Bytes > limits.QueueBytes))
                {
                    throw new ShareRpcException(ErrorCode.Overloaded) { RetryAfter = limits.OverloadedRetryAfter };
                }

                waiting.Enqueue(item);
                waitingBytes += item.Bytes;
            }

            if (!isTaken && !item.IsDeferred) Monitor.Pulse(gate);
        }
    }

    /// <summary>Wakes the commit loop for deferred items.</summary>
    public void Wake()
    {
        lock (gate) Monitor.Pulse(gate);
    }

    private void TakeBackground(List<CommitItem> items, int ops)
    {
        // Without others there is nobody to wait for it.
        int room = items.Count == 0 ? limits.FoldSliceDocs * 2 : ops / 2;
        bool isDue = items.Count == 0 || closed || time.GetTimestamp() >= backgroundDue;
        for (int taken = 0; background.TryPeek(out CommitItem? item); taken += item.Ops)
        {
            bool fits = taken + item.Ops <= room || (taken == 0 && isDue);
            if (!fits) return;
            items.Add(background.Dequeue());
        }
    }

    /// <summary>Waits for a transaction's items, and the turn; false once closed and empty.</summary>
    public bool Take(List<CommitItem> items)
    {
        lock (gate)
        {
            while (true)
            {
                while (isTaken || (urgent.Count + waiting.Count == 0 && !closed))
                {
                    if (isTaken || background.Count == 0) Monitor.Wait(gate);
                    else if (!Monitor.Wait(gate, limits.BackgroundWait) && HasRested()) break;
                }

                // Who had the turn meanwhile may have taken the background items.
                TakeGroup(items);
                if (items.Count > 0 || closed) return items.Count > 0;
            }
        }
    }

    /// <summary>Takes a transaction's items, and the turn, if there are any and nobody has it.</summary>
    public bool TryTake(List<CommitItem> items)
    {
        lock (gate)
        {
            if (isTaken || closed || urgent.Count + waiting.Count == 0) return false;
            TakeGroup(items);
            return true;
        }
    }

    /// <summary>Ends the turn.</summary>
    public void Release()
    {
        lock (gate)
        {
            isTaken = false;
            if (closed || urgent.Count + waiting.Count + background.Count > 0) Monitor.Pulse(gate);
        }
    }

    private bool HasRested() => !isTaken && time.GetElapsedTime(takenAt) >= limits.BackgroundWait;

    private void TakeGroup(List<CommitItem> items)
    {
        int ops = 0;
        long bytes = 0;
        while (urgent.TryDequeue(out CommitItem? item)) items.Add(item);
        while (ops < limits.TransactionOps && bytes < limits.TransactionBytes
            && waiting.TryDequeue(out CommitItem? item))
        {
            items.Add(item);
            ops += item.Ops;
            bytes += item.Bytes;
            waitingBytes -= item.Bytes;
        }

        if (items.Count > 0) takenAt = time.GetTimestamp();
        TakeBackground(items, ops);
        isTaken = items.Count > 0;
    }

    /// <summary>
    /// Tells how long the background items of a transaction took; the next ones wait four times as long.
    /// </summary>
    public void NoteBackground(TimeSpan took)
    {
        long wait = (long)(4 * took.TotalSeconds * time.TimestampFrequency);
        lock (gate) backgroundDue = time.GetTimestamp() + wait;
    }

    /// <summary>Queued items are still committed.</summary>
    public void Close()
    {
        lock (gate)
        {
            closed = true;
            Monitor.Pulse(gate);
        }
    }
}
