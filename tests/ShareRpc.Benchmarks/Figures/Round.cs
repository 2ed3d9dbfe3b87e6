namespace ShareRpc.Benchmarks.Figures;

/// <summary>One round of a case.</summary>
/// <param name="Work">Units of work done.</param>
/// <param name="Seconds">In how long.</param>
/// <param name="Cost">What it took.</param>
internal sealed record Round(double Work, double Seconds, Cost Cost)
{
    /// <summary>Ops a second of plain SQLite right before it; 0 when not measured.</summary>
    public double RawSqlite { get; init; }

    /// <summary>The same with random op ids; 0 when not measured.</summary>
    public double RawRandom { get; init; }

    /// <summary>Flushes a second right before it; 0 when not measured.</summary>
    public double RawSync { get; init; }

    /// <summary>Bytes of messages.</summary>
    public double WireBytes { get; init; }

    public double Rate => Work / Seconds;
}
