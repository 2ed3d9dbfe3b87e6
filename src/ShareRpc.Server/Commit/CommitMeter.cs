using ShareRpc.Server.Diagnostics;

namespace ShareRpc.Server.Commit;

/// <summary>Covers the last ten seconds. Thread-safe.</summary>
internal sealed class CommitMeter(TimeProvider time, ServerMetrics? metrics = null)
{
    public const int Seconds = 10;
    private const int MaxTimes = 1_024;
    private readonly Lock gate = new();
    private readonly Queue<(long At, int Ops)> commits = new();
    private readonly Queue<double> times = new();

    public void Note(int ops, double milliseconds)
    {
        metrics?.Committed(milliseconds / 1000);
        lock (gate)
        {
            Forget();
            // Bounds memory; very fast commits are underestimated.
            if (commits.Count >= MaxTimes * Seconds) commits.Dequeue();
            commits.Enqueue((time.GetTimestamp(), ops));
            if (times.Count >= MaxTimes) times.Dequeue();
            times.Enqueue(milliseconds);
        }
    }

    public (double OpsPerSecond, double CommitsPerSecond, double P50, double P99) Read()
    {
        lock (gate)
        {
            Forget();
            if (commits.Count == 0) return default;
            double[] sorted = [.. times.TakeLast(commits.Count).Order()];
            return (
                commits.Sum(commit => (double)commit.Ops) / Seconds, (double)commits.Count / Seconds,
                sorted[(sorted.Length - 1) / 2], sorted[(int)((sorted.Length - 1) * 0.99)]);
        }
    }

    private void Forget()
    {
        while (commits.TryPeek(out (long At, int Ops) oldest) && time.GetElapsedTime(oldest.At).TotalSeconds > Seconds)
            commits.Dequeue();
    }
}
