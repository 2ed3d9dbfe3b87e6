namespace ShareRpc.Server.Access.Redeeming;

/// <summary>
/// A token bucket per key, of one minute's capacity. Evicts the least recently used key, which resets it. Any thread.
/// </summary>
internal sealed class RateLimiter(int perMinute, int maxKeys, TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, LinkedListNode<Bucket>> buckets = new(StringComparer.Ordinal);
    private readonly LinkedList<Bucket> order = new();

    /// <summary>Takes one; if false, <c>wait</c> is the time until one is free.</summary>
    public bool TryTake(string key, out TimeSpan wait)
    {
        lock (gate)
        {
            Bucket bucket = Fill(key);
            wait = TimeSpan.Zero;
            if (bucket.Left >= 1)
            {
                bucket.Left--;
                return true;
            }

            wait = TimeSpan.FromMinutes((1 - bucket.Left) / perMinute);
            return false;
        }
    }

    public void GiveBack(string key)
    {
        lock (gate)
        {
            Bucket bucket = Fill(key);
            bucket.Left = Math.Min(perMinute, bucket.Left + 1);
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
                Math.Min(perMinute, known.Left + (time.GetElapsedTime(known.At, now).TotalMinutes * perMinute));
            known.At = now;
        }
        else
        {
            if (buckets.Count >= maxKeys && order.First is { } oldest)
            {
                buckets.Remove(oldest.Value.Key);
                order.Remove(oldest);
            }

            buckets.Add(key, node = new LinkedListNode<Bucket>(new Bucket(key) { Left = perMinute, At = now }));
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
