using ShareRpc.Protocol.Tokens;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Sources.Opencode;

/// <summary>Options of <see cref="OpencodeSessions"/>.</summary>
public sealed record OpencodeOptions
{
    /// <summary>Gets the database file; see <see cref="OpencodeDatabase.DefaultPath"/>.</summary>
    public required string DatabasePath { get; init; }

    /// <summary>Gets the path of a file that processes with the same outbox lock in turn; created if missing.</summary>
    public required string LockPath { get; init; }

    /// <summary>Gets the sessions to share. Default: the latest.</summary>
    public OpencodeSelection Selection { get; init; } = OpencodeSelection.Latest;

    /// <summary>
    /// Gets the link of the share to continue instead of creating one; only with a selection of one session. Default:
    /// none.
    /// </summary>
    public ShareLink? Into { get; init; }

    /// <summary>
    /// Gets whether sessions of subagents are left out: their shares need a creator token. Always so with
    /// <see cref="Into"/>.
    /// </summary>
    public bool WithoutSubagents { get; init; }

    /// <summary>
    /// Gets the scanner that replaces secrets before an op is made; null for none. Default: the built-in rules.
    /// </summary>
    public SecretScanner? Secrets { get; init; } = SecretScanner.BuiltIn;

    /// <summary>
    /// Gets the interval at which the database is asked for changes, 10 ms to 250 ms. Default: 200 ms.
    /// </summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Gets the least time between two comparisons of the rows of sessions without an event log. Default: 2 s.
    /// </summary>
    public TimeSpan RowInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Gets the interval at which the file is opened again, so that a replaced file is noticed. Default: 5 s.
    /// </summary>
    public TimeSpan ReopenInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets the least time between two checks of a share that others write to as well. Default: 5 s.</summary>
    public TimeSpan CheckInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Gets the time that a read waits for a lock of opencode, in whole seconds, 1 or more. Default: 5 s.
    /// </summary>
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
