namespace ShareRpc.EndToEndTests.Harness;

/// <summary>How large a run is.</summary>
internal sealed record HarnessOptions
{
    public static readonly HarnessOptions Default = new();

    /// <summary>Ops of each of the four writers.</summary>
    public int OpsPerWriter { get; init; } = 500;

    /// <summary>Times that something is broken while they write.</summary>
    public int Blows { get; init; } = 18;

    /// <summary>The longest time between two of them.</summary>
    public int LongestPauseMs { get; init; } = 300;

    /// <summary>Of 100 blows, how many the servers get alone.</summary>
    public int ServerBlows { get; init; } = 38;

    /// <summary>Three nodes on PostgreSQL instead of one server, and revocations all the time.</summary>
    public bool IsCluster { get; init; }

    /// <summary>What the nodes do wrong on purpose.</summary>
    public string Broken { get; init; } = "";
}
