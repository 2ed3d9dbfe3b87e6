namespace ShareRpc.Protocol.Messages;

/// <summary>Server state; rates over ten seconds.</summary>
public sealed record ServerStatus
{
    public required string Version { get; init; }

    /// <summary>Gets the start, in Unix ms.</summary>
    public required long StartedMs { get; init; }

    public required long NowMs { get; init; }

    /// <summary>Gets the open connections.</summary>
    public required int Connections { get; init; }

    /// <summary>Gets the live handles.</summary>
    public required int Handles { get; init; }

    /// <summary>Gets the shares with live handles.</summary>
    public required int Shares { get; init; }

    /// <summary>Gets the mutations waiting for a commit.</summary>
    public required int QueueItems { get; init; }

    public required long QueueBytes { get; init; }

    public required double OpsPerSecond { get; init; }

    public required double CommitsPerSecond { get; init; }

    /// <summary>Gets the median commit time, in ms; 0 if none.</summary>
    public required double CommitMsP50 { get; init; }

    public required double CommitMsP99 { get; init; }

    /// <summary>Gets the nodes; null on a server that is one process.</summary>
    public ClusterStatus? Cluster { get; init; }
}

/// <summary>The nodes that serve one database.</summary>
public sealed record ClusterStatus
{
    /// <summary>Gets the name of the node that answers.</summary>
    public required string Node { get; init; }

    /// <summary>Gets all nodes; empty if the database does not answer.</summary>
    public required IReadOnlyList<NodeStatus> Nodes { get; init; }
}

/// <summary>A node.</summary>
public sealed record NodeStatus
{
    public required string Name { get; init; }

    /// <summary>Gets <c>serving</c>, <c>late</c> (its lease has ended) or <c>gone</c>.</summary>
    public required string State { get; init; }

    /// <summary>Gets the time since its last renewal, in ms.</summary>
    public required long RenewedAgoMs { get; init; }

    /// <summary>Gets whether it has still to confirm a change of authority.</summary>
    public bool? OwesConfirmation { get; init; }

    /// <summary>Gets how long wakes took to reach it, in ms.</summary>
    public double? WakeLagMs { get; init; }
}
