using System.Runtime.InteropServices;
using ShareRpc.Protocol.Diagnostics;

namespace ShareRpc.Server.Cluster;

/// <summary>
/// The database's clock, kept as an offset to this machine's monotonic one: expiries, days and leases of turns are the
/// same on every node, whatever its own clock says. Timers run on <paramref name="own"/>.
/// </summary>
internal sealed partial class ClusterClock(TimeProvider own) : TimeProvider
{
    private const int BootTime = 7;
    private const long NanosecondsPerSecond = 1_000_000_000;
    private static readonly DateTimeOffset Past = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // Counts the time in which the machine was suspended, too.
    private readonly bool hasBootTime = own == System && OperatingSystem.IsLinux();
    private readonly Lock gate = new();
    private long basis = own.GetUtcNow().UtcTicks;
    private long basisAt;
    private long error = long.MaxValue;

    public override long TimestampFrequency => hasBootTime ? NanosecondsPerSecond : own.TimestampFrequency;

    public override TimeZoneInfo LocalTimeZone => own.LocalTimeZone;

    public override long GetTimestamp()
    {
        if (BrokenRule.Is(BrokenRule.LeaseByWallClock))
            return (own.GetUtcNow() - Past).Ticks * (TimestampFrequency / TimeSpan.TicksPerSecond);
        return hasBootTime && GetTime(BootTime, out Timespec now) == 0
            ? (now.Seconds * NanosecondsPerSecond) + now.Nanoseconds : own.GetTimestamp();
    }

    public override DateTimeOffset GetUtcNow()
    {
        lock (gate)
        {
            if (error == long.MaxValue) return own.GetUtcNow();
            return new DateTimeOffset(basis + GetElapsedTime(basisAt).Ticks, TimeSpan.Zero);
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        own.CreateTimer(callback, state, dueTime, period);

    /// <summary>Takes the time that the database gave between two timestamps, unless a better one is known.</summary>
    public void Set(double databaseMs, long asked, long answered)
    {
        long half = GetElapsedTime(asked, answered).Ticks / 2;
        long ticks = DateTimeOffset.UnixEpoch.UtcTicks + (long)(databaseMs * TimeSpan.TicksPerMillisecond);
        lock (gate)
        {
            // What is known may have drifted by one in 10,000 since.
            long known = error == long.MaxValue ? error : error + (GetElapsedTime(basisAt).Ticks / 10_000);
            if (half > known) return;
            (basis, basisAt, error) = (ticks + half, answered, half);
        }
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, out Timespec now);

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
