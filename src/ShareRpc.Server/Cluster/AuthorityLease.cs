namespace ShareRpc.Server.Cluster;

/// <summary>
/// How long the node may serve from the authority state that it last read: by its own monotonic clock, counted from
/// before the request that read it. Any thread.
/// </summary>
internal sealed class AuthorityLease(TimeProvider time, TimeSpan length)
{
    private readonly long ticks = (long)(length.TotalSeconds * time.TimestampFrequency);
    private long end = long.MinValue;

    public TimeSpan Length => length;

    public bool IsValid => time.GetTimestamp() < Interlocked.Read(ref end);

    public void Extend(long requestedAt) => Interlocked.Exchange(ref end, requestedAt + ticks);

    public void End() => Interlocked.Exchange(ref end, long.MinValue);
}
