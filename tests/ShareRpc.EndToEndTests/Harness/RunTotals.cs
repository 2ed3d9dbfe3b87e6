namespace ShareRpc.EndToEndTests.Harness;

/// <summary>The sums over many runs.</summary>
internal sealed class RunTotals
{
    private readonly Dictionary<Fault, int> faults = [];
    private int runs, ops, serverKills, serverStops, writerKills, readerKills, copies, lost, doubled;

    public int Findings { get; private set; }

    /// <summary>Runs that did not come to an end.</summary>
    public int Failures { get; set; }

    public void Add(RunReport report)
    {
        runs++;
        ops += report.Ops;
        serverKills += report.ServerKills;
        serverStops += report.ServerStops;
        writerKills += report.WriterKills;
        readerKills += report.ReaderKills;
        copies += report.OutboxCopies;
        lost += report.Lost;
        doubled += report.Doubled;
        Findings += report.Findings.Count;
        foreach ((Fault fault, int count) in report.Faults) faults[fault] = faults.GetValueOrDefault(fault) + count;
    }

    public override string ToString()
    {
        string network = string.Join(", ", faults.OrderBy(fault => fault.Key).Select(fault => $"{fault.Key} {fault.Value}"));
        return $"{runs} runs, {ops} ops; kill -9: server {serverKills}, writers {writerKills}, readers {readerKills}; orderly stops "
            + $"{serverStops}; copied outboxes {copies}; network: {network}; lost {lost}, doubled {doubled}, "
            + $"findings {Findings}, failed runs {Failures}";
    }
}
