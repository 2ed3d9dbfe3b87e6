using ShareRpc.Protocol.Errors;

namespace ShareRpc.Server.Commit;

/// <summary>
/// Queued items, bounded by count and bytes. Urgent items go first, bounded only by calls in flight; one background
/// item joins each transaction. Thread-safe; only the commit loop takes.
/// </summary>
internal sealed class CommitQueue(ServerLimits limits)
{
    private readonly object gate = new();
    private readonly Queue<CommitItem> urgent = new();
    private readonly Queue<CommitItem> waiting = new();
    private readonly Queue<CommitItem> background = new();
    private long waitingBytes;
    private bool closed;

    public int Count
    {
        get
        {
            lock (gate) return urgent.Count + waiting.Count + background.Count;
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

            Monitor.Pulse(gate);
        }
    }

    /// <summary>Waits for a transaction's items; false once closed and empty.</summary>
    public bool Take(List<CommitItem> items)
    {
        lock (gate)
        {
            while (urgent.Count + waiting.Count == 0 && !closed)
            {
                if (background.Count == 0) Monitor.Wait(gate);
                else if (!Monitor.Wait(gate, limits.BackgroundWait)) break;
            }

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

            if (background.TryDequeue(out CommitItem? along)) items.Add(along);
        }

        return items.Count > 0;
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
