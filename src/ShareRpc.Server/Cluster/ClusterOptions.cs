namespace ShareRpc.Server.Cluster;

/// <summary>How a node behaves among others.</summary>
internal sealed record ClusterOptions
{
    public required string NodeName { get; init; }

    /// <summary>How long a node serves after it has begun to read the state of authority.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>What others wait longer than a lease: clocks that run unevenly, and a page between check and socket.
    /// </summary>
    public TimeSpan Margin { get; init; } = TimeSpan.FromMilliseconds(500);

    public TimeSpan RenewEvery { get; init; } = TimeSpan.FromMilliseconds(500);

    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How often a change that waits looks at what it waits for.</summary>
    public TimeSpan LookEvery { get; init; } = TimeSpan.FromMilliseconds(4);

    /// <summary>How long a change of a root or creator ref waits for transactions that began before it.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a node waits between two notifications of shares that moved.</summary>
    public TimeSpan WakeEvery { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>How often heads of shares are looked at, in case wakes were lost.</summary>
    public TimeSpan PollEvery { get; init; } = TimeSpan.FromSeconds(1);
}
