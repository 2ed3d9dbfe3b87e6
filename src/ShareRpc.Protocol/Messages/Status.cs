namespace ShareRpc.Protocol.Messages;

/// <summary>How the server is, now. Rates and times are of the last ten seconds.</summary>
public sealed record ServerStatus
{
    public required string Version { get; init; }

    /// <summary>Gets the time in milliseconds since 1970 UTC.</summary>
    public required long StartedMs { get; init; }

    public required long NowMs { get; init; }

    /// <summary>Gets the number of open WebSocket connections.</summary>
    public required int Connections { get; init; }

    /// <summary>Gets the number of live handles of all connections.</summary>
    public required int Handles { get; init; }

    /// <summary>Gets the number of shares with a live handle.</summary>
    public required int Shares { get; init; }

    /// <summary>Gets the number of mutations that wait to be committed.</summary>
    public required int QueueItems { get; init; }

    public required long QueueBytes { get; init; }

    public required double OpsPerSecond { get; init; }

    public required double CommitsPerSecond { get; init; }

    /// <summary>Gets the median time of a commit with its fsync, in milliseconds; 0 without a commit.</summary>
    public required double CommitMsP50 { get; init; }

    public required double CommitMsP99 { get; init; }
}
