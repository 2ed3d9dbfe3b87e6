namespace ShareRpc.EndToEndTests.Harness;

/// <summary>The sums over many runs. Runs at the same time may add to it.</summary>
internal sealed class RunTotals
{
    private readonly Lock gate = new();
    private readonly Dictionary<Fault, int> faults = [];
    private int ops, serverKills, serverStops, writerKills, readerKills, copies, lost, doubled, findings, unfinished;

    /// <summary>Runs that came to their end and found nothing.</summary>
    public int Passed { get; private set; }

    public int Failed { get; private set; }

    public void Add(RunReport report)
    {
        lock (gate)
        {
            if (report.Findings.Count == 0) Passed++;
            else Failed++;
            ops += report.Ops;
            serverKills += report.ServerKills;
            serverStops += report.ServerStops;
            writerKills += report.WriterKills;
            readerKills += report.ReaderKills;
            copies += report.OutboxCopies;
            lost += report.Lost;
            doubled += report.Doubled;
            findings += report.Findings.Count;
            foreach ((Fault fault, int count) in report.Faults) faults[fault] = faults.GetValueOrDefault(fault) + count;
        }
    }

    /// <summary>Adds a run that did not come to its end.</summary>
    public void AddFailure()
    {
        lock (gate)
        {
            Failed++;
            unfinished++;
        }
    }

    public override string ToString()
    {
        lock (gate)
        {
            IEnumerable<string> network =
                faults.OrderBy(fault => fault.Key).Select(fault => $"{fault.Key} {fault.Value}");
            return $"{Passed + Failed} runs, {ops} ops; kill -9: server {serverKills}, writers {writerKills}, "
                + $"readers {readerKills}; orderly stops {serverStops}; copied outboxes {copies}; "
                + $"network: {string.Join(", ", network)}; lost {lost}, doubled {doubled}, findings {findings}, "
                + $"runs without an end {unfinished}";
        }
    }
}
