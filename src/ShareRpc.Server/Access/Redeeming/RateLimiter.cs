namespace ShareRpc.Server.Access.Redeeming;

/// <summary>
/// So many a minute, per key: a bucket that holds a minute's worth and fills again evenly. Bounded: the key that was
/// used longest ago is forgotten first, which gives it a full bucket. Any thread.
/// </summary>
internal sealed class RateLimiter(int perMinute, int maxKeys, TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, LinkedListNode<Bucket>> buckets = new(StringComparer.Ordinal);
    private readonly LinkedList<Bucket> order = new();

    /// <summary>Takes one; false when there is none, and how long until there is.</summary>
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

    /// <summary>One that was taken did not count after all.</summary>
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
            known.Left = Math.Min(perMinute, known.Left + (time.GetElapsedTime(known.At, now).TotalMinutes * perMinute));
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
