using ShareRpc.Protocol.Errors;

namespace ShareRpc.Server.Commit;

/// <summary>
/// What waits for the next transaction. Bounded by items and bytes; urgent items stand in front and are bounded by the calls in flight of
/// their connections alone; background items go along one at a time, so that they cost no fsync of their own while others commit. Any
/// thread enqueues, the commit loop takes.
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

    /// <summary>What waits, and its bytes.</summary>
    public (int Items, long Bytes) Waiting
    {
        get
        {
            lock (gate) return (urgent.Count + waiting.Count + background.Count, waitingBytes);
        }
    }

    /// <summary>
    /// Throws <c>overloaded</c> when full and <c>draining</c> once closed; otherwise the item will be completed or failed.
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
                if (waiting.Count >= limits.QueueItems || (waiting.Count > 0 && waitingBytes + item.Bytes > limits.QueueBytes))
                {
                    throw new ShareRpcException(ErrorCode.Overloaded) { RetryAfter = limits.OverloadedRetryAfter };
                }

                waiting.Enqueue(item);
                waitingBytes += item.Bytes;
            }

            Monitor.Pulse(gate);
        }
    }

    /// <summary>Waits for at least one item and takes what fits one transaction; false once closed and empty.</summary>
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
            while (ops < limits.TransactionOps && bytes < limits.TransactionBytes && waiting.TryDequeue(out CommitItem? item))
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

    /// <summary>Refuses what comes from now on; what waits is still done.</summary>
    public void Close()
    {
        lock (gate)
        {
            closed = true;
            Monitor.Pulse(gate);
        }
    }
}
