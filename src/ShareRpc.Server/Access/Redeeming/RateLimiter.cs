using ShareRpc.Protocol.Errors;

namespace ShareRpc.Server.Access.Redeeming;

/// <summary>
/// A token bucket per key, of one period's capacity, a minute by default. Evicts the least recently used key, which
/// resets it. Any thread.
/// </summary>
internal sealed class RateLimiter(int capacity, int maxKeys, TimeProvider time, TimeSpan? period = null)
{
    private readonly TimeSpan period = period ?? TimeSpan.FromMinutes(1);
    private readonly Lock gate = new();
    private readonly Dictionary<string, LinkedListNode<Bucket>> buckets = new(StringComparer.Ordinal);
    private readonly LinkedList<Bucket> order = new();

    /// <summary>Takes some or none; if false, <c>wait</c> is the time until so many are free.</summary>
    public bool TryTake(string key, out TimeSpan wait, int count = 1)
    {
        lock (gate)
        {
            Bucket bucket = Fill(key);
            wait = TimeSpan.Zero;
            if (bucket.Left >= count)
            {
                bucket.Left -= count;
                return true;
            }

            wait = period * ((count - bucket.Left) / capacity);
            return false;
        }
    }

    /// <summary>Returns what tells a caller to wait.</summary>
    public static ShareRpcException Refusal(TimeSpan wait) =>
        new(ErrorCode.RateLimited) { RetryAfter = TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds)) };

    public void GiveBack(string key, int count = 1)
    {
        lock (gate)
        {
            Bucket bucket = Fill(key);
            bucket.Left = Math.Min(capacity, bucket.Left + count);
        }
    }

    private Bucket Fill(string key)
    {
        long now = time.GetTimestamp();
        if (buckets.TryGetValue(key, out LinkedListNode<Bucket>? node))
        {
            order.Remove(node);
            Bucket known = node.Value;
            known.Left =
                Math.Min(capacity, known.Left + (time.GetElapsedTime(known.At, now) / period * capacity));
            known.At = now;
        }
        else
        {
            if (buckets.Count >= maxKeys && order.First is { } oldest)
            {
                buckets.Remove(oldest.Value.Key);
                order.Remove(oldest);
            }

            buckets.Add(key, node = new LinkedListNode<Bucket>(new Bucket(key) { Left = capacity, At = now }));
        }

        order.AddLast(node);
        return node.Value;
    }

    private sealed class Bucket(string key)
    {
        public string Key => key;

        public double Left { get; set; }

        public long At { get; set; }
    }
}
