namespace ShareRpc.Protocol.Messages;

/// <summary>How the server is, now. Rates and times are of the last ten seconds.</summary>
public sealed record ServerStatus
{
    public required string Version { get; init; }

    /// <summary>Milliseconds since 1970 UTC.</summary>
    public required long StartedMs { get; init; }

    public required long NowMs { get; init; }

    /// <summary>Open WebSocket connections.</summary>
    public required int Connections { get; init; }

    /// <summary>Live handles of all connections.</summary>
    public required int Handles { get; init; }

    /// <summary>Shares with a live handle.</summary>
    public required int Shares { get; init; }

    /// <summary>Mutations that wait for the disk, and their bytes.</summary>
    public required int QueueItems { get; init; }

    public required long QueueBytes { get; init; }

    public required double OpsPerSecond { get; init; }

    public required double CommitsPerSecond { get; init; }

    /// <summary>Time of one commit with its fsync, in milliseconds; 0 without one.</summary>
    public required double CommitMsP50 { get; init; }

    public required double CommitMsP99 { get; init; }
}
