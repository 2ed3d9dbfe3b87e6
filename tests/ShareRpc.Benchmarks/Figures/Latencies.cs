namespace ShareRpc.Benchmarks.Figures;

/// <summary>
/// Times of single calls. A histogram of about 1 % steps from a microsecond to some minutes: constant memory however
/// long the run. Any thread.
/// </summary>
internal sealed class Latencies
{
    private const double StepsPerE = 100;
    private readonly long[] counts = new long[2_048];

    public long Count => counts.Sum();

    public void Add(TimeSpan time, long times = 1)
    {
        double microseconds = Math.Max(1, time.TotalMicroseconds);
        int step = Math.Min(counts.Length - 1, (int)(Math.Log(microseconds) * StepsPerE));
        Interlocked.Add(ref counts[step], times);
    }

    /// <summary>Milliseconds that this share of the calls stayed within; 0 without calls.</summary>
    public double Percentile(double share)
    {
        long rank = (long)Math.Ceiling(Count * share);
        if (rank == 0) return 0;
        long seen = 0;
        for (int step = 0; step < counts.Length; step++)
        {
            seen += counts[step];
            if (seen >= rank) return Math.Exp((step + 0.5) / StepsPerE) / 1_000;
        }

        return 0;
    }
}
