using System.Text.Json;

namespace ShareRpc.Benchmarks.Figures;

/// <summary>What one cell came to: one JSON line.</summary>
internal sealed record Figure
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, DictionaryKeyPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    /// <summary>The verb that measures it.</summary>
    public required string Cell { get; init; }

    /// <summary>Which of the cell's cases, for instance <c>32x1</c>.</summary>
    public required string Case { get; init; }

    /// <summary>Which build: <c>this</c>, or <c>against</c>.</summary>
    public string Server { get; init; } = "this";

    /// <summary>What median, min and max count.</summary>
    public required string Unit { get; init; }

    public int Rounds { get; init; }

    public double Median { get; init; }

    public double Min { get; init; }

    public double Max { get; init; }

    public double P50Ms { get; init; }

    public double P99Ms { get; init; }

    /// <summary>Processor time of the server per unit of work, in microseconds.</summary>
    public double ServerCpuUs { get; init; }

    /// <summary>Processor time of the load client per unit of work, in microseconds.</summary>
    public double ClientCpuUs { get; init; }

    /// <summary>Durable transactions per unit of work: one flush each.</summary>
    public double FlushesPerOp { get; init; }

    /// <summary>Bytes that the server handed to the disk, per unit of work.</summary>
    public double DiskBytesPerOp { get; init; }

    /// <summary>Bytes of messages both ways, per unit of work.</summary>
    public double WireBytesPerOp { get; init; }

    /// <summary>
    /// Ops a second of plain SQLite with the same grouping and op ids that rise with time, between this cell's rounds;
    /// 0 where that says nothing.
    /// </summary>
    public double RawSqlite { get; init; }

    /// <summary>The same with random op ids, the floor of <c>PERFORMANCE.md</c>.</summary>
    public double RawRandom { get; init; }

    /// <summary>Flushes of 4 KiB a second, between this cell's rounds.</summary>
    public double RawSync { get; init; }

    /// <summary>The median of the rounds' own ratios: a neighbour on the machine slows both sides of a round.</summary>
    public double ToRawSqlite { get; init; }

    public double ToRawRandom { get; init; }

    public double ToRawSync { get; init; }

    /// <summary>What only this cell measures.</summary>
    public Dictionary<string, double> More { get; init; } = [];

    public static Figure Parse(string line) => JsonSerializer.Deserialize<Figure>(line, Json)!;

    public string ToJson() => JsonSerializer.Serialize(this, Json);
}
