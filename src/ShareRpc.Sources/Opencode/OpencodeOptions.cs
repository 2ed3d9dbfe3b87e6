using ShareRpc.Protocol.Tokens;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Sources.Opencode;

/// <summary>Options of <see cref="OpencodeSessions"/>.</summary>
public sealed record OpencodeOptions
{
    /// <summary>Gets the database file; see <see cref="OpencodeDatabase.DefaultPath"/>.</summary>
    public required string DatabasePath { get; init; }

    /// <summary>Gets the lock file, shared by all processes with the same outbox; created if missing.</summary>
    public required string LockPath { get; init; }

    /// <summary>Gets the sessions to share. Default: the latest.</summary>
    public OpencodeSelection Selection { get; init; } = OpencodeSelection.Latest;

    /// <summary>Gets the link of the share to continue; only for one session. Default: null, creates a share.</summary>
    public ShareLink? Into { get; init; }

    /// <summary>Gets the scanner that replaces secrets; null for none. Default: built-in rules.</summary>
    public SecretScanner? Secrets { get; init; } = SecretScanner.BuiltIn;

    /// <summary>Gets the poll interval, 10 to 250 ms. Default: 200 ms.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Gets the least time between row comparisons for sessions without events. Default: 2 s.</summary>
    public TimeSpan RowInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Gets the interval of reopening, which detects a replaced file. Default: 5 s.</summary>
    public TimeSpan ReopenInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets the least time between checks of shares with other writers. Default: 5 s.</summary>
    public TimeSpan CheckInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets how long a read waits for a lock, in whole seconds, at least 1. Default: 5 s.</summary>
    public TimeSpan BusyTimeout { get; init; } = TimeSpan.FromSeconds(5);

    internal OpencodeOptions Checked()
    {
        ArgumentException.ThrowIfNullOrEmpty(DatabasePath);
        ArgumentException.ThrowIfNullOrEmpty(LockPath);
        if (PollInterval < TimeSpan.FromMilliseconds(10) || PollInterval > TimeSpan.FromMilliseconds(250))
            throw new ArgumentOutOfRangeException(nameof(PollInterval), PollInterval,
                "PollInterval must be 10 ms to 250 ms.");
        if (Into is not null && Selection.IsAll)
            throw new ArgumentException("Into takes one session, not all.", nameof(Into));
        return this;
    }
}
