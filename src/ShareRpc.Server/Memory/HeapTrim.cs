namespace ShareRpc.Server.Memory;

/// <summary>
/// Has released memory go back to the system: large arrays stay garbage until the next full collection, which an idle
/// process puts off. Any thread.
/// </summary>
/// <param name="bytes">How many must have been released since the last collection.</param>
/// <param name="time">The clock.</param>
/// <param name="collected">Called after a collection.</param>
internal sealed class HeapTrim(long bytes, TimeProvider time, Action collected) : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private readonly Lock gate = new();
    private long released;
    private long lastTrim = time.GetTimestamp() - time.TimestampFrequency * 60;
    private ITimer? timer;
    private bool isDisposed;

    /// <summary>Gets whether so much was released since the last collection that the next one is on its way.</summary>
    public bool IsDue => Interlocked.Read(ref released) >= bytes;

    /// <summary>Notes what was given back, and what is still in use.</summary>
    public void NoteReleased(long given, long used)
    {
        if (Interlocked.Add(ref released, given) < bytes) return;
        lock (gate)
        {
            if (isDisposed || timer is not null) return;
            TimeSpan wait = Interval - time.GetElapsedTime(lastTrim);
            timer = time.CreateTimer(_ => Trim(used), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            timer.Change(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            isDisposed = true;
            timer?.Dispose();
        }
    }

    private void Trim(long used)
    {
        lock (gate)
        {
            timer?.Dispose();
            timer = null;
            lastTrim = time.GetTimestamp();
        }

        long before = Interlocked.Read(ref released);

        // With little in use, a compacting collection is short, and gives the pages back at once. A collection in the
        // background would be overtaken by what is released meanwhile.
        if (used < bytes / 4) GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        else GC.Collect(2, GCCollectionMode.Forced, blocking: true);
        Interlocked.Add(ref released, -before);
        collected();
        NoteReleased(0, used); // who waits for a collection waits for the next one, if that is due already
    }
}
