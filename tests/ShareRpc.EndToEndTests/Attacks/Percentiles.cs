namespace ShareRpc.EndToEndTests.Attacks;

/// <summary>Milliseconds, summed up.</summary>
internal sealed record Percentiles(double P50, double P99, double Max)
{
    public static Percentiles Of(IEnumerable<TimeSpan> times)
    {
        double[] sorted = [.. times.Select(time => time.TotalMilliseconds).Order()];
        double At(double share) => sorted.Length == 0 ? 0 : Math.Round(sorted[(int)((sorted.Length - 1) * share)], 3);
        return new Percentiles(At(0.5), At(0.99), At(1));
    }
}
