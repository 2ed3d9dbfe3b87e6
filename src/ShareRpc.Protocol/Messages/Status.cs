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
}
