namespace ShareRpc.EndToEndTests.Harness;

/// <summary>What a run did, and what it found.</summary>
internal sealed record RunReport
{
    public required int Seed { get; init; }

    public required int Ops { get; init; }

    public required int ServerKills { get; init; }

    public required int ServerStops { get; init; }

    public required int WriterKills { get; init; }

    public required int ReaderKills { get; init; }

    public required int OutboxCopies { get; init; }

    public required IReadOnlyDictionary<Fault, int> Faults { get; init; }

    public required IReadOnlyList<Finding> Findings { get; init; }

    public required double Seconds { get; init; }

    /// <summary>Gets what else is to be told.</summary>
    public string Beside { get; init; } = "";

    public int Lost => Findings.Count(finding => finding.Property == Property.NothingLost);

    public int Doubled => Findings.Count(finding => finding.Property == Property.Once);

    public override string ToString() =>
        $"seed {Seed}: {Ops} ops, kills: server {ServerKills}, writers {WriterKills}, readers {ReaderKills}; server "
            + $"stops {ServerStops}, "
        + $"copied outboxes {OutboxCopies}, network: "
            + $"{string.Join(", ", Faults.OrderBy(f => f.Key).Select(f => $"{f.Key} {f.Value}"))}; "
        + $"{Beside}lost {Lost}, doubled {Doubled}, findings {Findings.Count}; {Seconds:F1} s";
}
