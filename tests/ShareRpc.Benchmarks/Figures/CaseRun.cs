namespace ShareRpc.Benchmarks.Figures;

/// <summary>Collects the rounds of one case against one server, and sums them up.</summary>
internal sealed class CaseRun(string cell, string name, string unit, string server = "this")
{
    private readonly List<Round> rounds = [];
    private readonly Dictionary<string, List<double>> more = [];

    public Latencies Latencies { get; } = new();

    public IReadOnlyList<Round> Rounds => rounds;

    public void Add(Round round) => rounds.Add(round);

    /// <summary>Something else that was measured in a round; its median is reported.</summary>
    public void Note(string what, double value)
    {
        if (!more.TryGetValue(what, out List<double>? values)) more.Add(what, values = []);
        values.Add(value);
    }

    public Figure Sum()
    {
        double work = Math.Max(1, rounds.Sum(round => round.Work));
        return new Figure
        {
            Cell = cell, Case = name, Server = server, Unit = unit, Rounds = rounds.Count,
            Median = Rounded(Median(rounds.Select(round => round.Rate))),
            Min = Rounded(rounds.Min(round => round.Rate)),
            Max = Rounded(rounds.Max(round => round.Rate)),
            P50Ms = Rounded(Latencies.Percentile(0.5)), P99Ms = Rounded(Latencies.Percentile(0.99)),
            ServerCpuUs = Rounded(rounds.Sum(round => round.Cost.ServerCpu.TotalMicroseconds) / work),
            ClientCpuUs = Rounded(rounds.Sum(round => round.Cost.ClientCpu.TotalMicroseconds) / work),
            FlushesPerOp = Rounded(rounds.Sum(round => round.Cost.Commits) / work),
            DiskBytesPerOp = Rounded(rounds.Sum(round => round.Cost.DiskBytes) / work),
            WireBytesPerOp = Rounded(rounds.Sum(round => round.WireBytes) / work),
            RawSqlite = Rounded(Median(rounds.Select(round => round.RawSqlite))),
            RawRandom = Rounded(Median(rounds.Select(round => round.RawRandom))),
            RawSync = Rounded(Median(rounds.Select(round => round.RawSync))),
            ToRawSqlite =
                Rounded(Median(rounds.Where(r => r.RawSqlite > 0).Select(round => round.Rate / round.RawSqlite))),
            ToRawRandom =
                Rounded(Median(rounds.Where(r => r.RawRandom > 0).Select(round => round.Rate / round.RawRandom))),
            ToRawSync = Rounded(Median(rounds.Where(r => r.RawSync > 0).Select(round => round.Rate / round.RawSync))),
            More = more.ToDictionary(pair => pair.Key, pair => Rounded(Median(pair.Value))),
        };
    }

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        if (sorted.Length == 0) return 0;
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /// <summary>Four digits that count: nothing here is known better.</summary>
    private static double Rounded(double value)
    {
        if (value == 0 || !double.IsFinite(value)) return 0;
        int digits = Math.Clamp(3 - (int)Math.Floor(Math.Log10(Math.Abs(value))), 0, 9);
        return Math.Round(value, digits);
    }
}
