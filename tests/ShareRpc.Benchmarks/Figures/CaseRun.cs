namespace ShareRpc.Benchmarks.Figures;

/// <summary>Collects the rounds of one case against one server, and sums them up.</summary>
internal sealed class CaseRun(string cell, string name, string unit, string server = "this")
{
    private readonly List<Round> rounds = [];
    private readonly Dictionary<string, List<double>> more = [];

    public string Cell => cell;

    public string Name => name;

    public string Server => server;

    public Latencies Latencies { get; } = new();

    public IReadOnlyList<Round> Rounds => rounds;

    public void Add(Round round) => rounds.Add(round);

    /// <summary>Something else that was measured in a round; its median is reported.</summary>
    public void Note(string what, double value)
    {
        if (!more.TryGetValue(what, out List<double>? values)) more.Add(what, values = []);
        values.Add(value);
    }

    /// <summary>Notes the ratios of another's rates to this one's, of which each round is beside one of ours.</summary>
    public void Compare(CaseRun other)
    {
        if (server != "against") return;
        double[] ratios = [.. other.Rounds.Zip(rounds, (theirs, ours) => theirs.Rate / ours.Rate).Order()];
        int outside = OutsideOfInterval(ratios.Length);
        Note("this_to_it", Median(ratios));
        Note("this_to_it_low", ratios[outside]);
        Note("this_to_it_high", ratios[^(outside + 1)]);
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

    /// <summary>
    /// Returns how many of the sorted values lie outside of the interval on each side: the most of which the median
    /// still lies within with a probability of 90 % (each value lies below it with one half).
    /// </summary>
    private static int OutsideOfInterval(int count)
    {
        double below = Math.Pow(0.5, count); // the probability that none lies below the median
        double sum = below;
        int outside = 0;
        for (; (outside + 1) * 2 < count; outside++)
        {
            below *= (count - outside) / (outside + 1.0);
            if (sum + below > 0.05) break;
            sum += below;
        }

        return outside;
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
