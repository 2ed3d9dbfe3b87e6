using ShareRpc.Protocol.Tokens;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Sources.Opencode;

/// <summary>What is read, and where to.</summary>
public sealed record OpencodeOptions
{
    /// <summary>The database file; see <see cref="OpencodeDatabase.DefaultPath"/>.</summary>
    public required string DatabasePath { get; init; }

    /// <summary>A file beside the outbox that processes using the same outbox lock in turn; made when missing.</summary>
    public required string LockPath { get; init; }

    /// <summary>The latest session by default.</summary>
    public OpencodeSelection Selection { get; init; } = OpencodeSelection.Latest;

    /// <summary>Go on in the share of this link instead of making one; only with a selection of one session.</summary>
    public ShareLink? Into { get; init; }

    /// <summary>
    /// Only the chosen session, not its subagents': they need shares of their own, which takes a creator token. Always so with
    /// <see cref="Into"/>.
    /// </summary>
    public bool WithoutSubagents { get; init; }

    /// <summary>What is replaced before it becomes an op; null: nothing is. The built-in rules by default.</summary>
    public SecretScanner? Secrets { get; init; } = SecretScanner.BuiltIn;

    /// <summary>How often the database is asked whether anything changed, 10 ms to 250 ms.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How often, at most, rows of sessions without an event log are compared when something changed.</summary>
    public TimeSpan RowInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How often the file is opened anew: one that was replaced is noticed no later than this.</summary>
    public TimeSpan ReopenInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often, at most, a share that others write to as well is checked against the rows.</summary>
    public TimeSpan CheckInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a read waits for a lock of opencode's before it is tried again at a later poll; whole seconds, 1 or more.
    /// </summary>
    public TimeSpan BusyTimeout { get; init; } = TimeSpan.FromSeconds(5);

    internal OpencodeOptions Checked()
    {
        ArgumentException.ThrowIfNullOrEmpty(DatabasePath);
        ArgumentException.ThrowIfNullOrEmpty(LockPath);
        if (PollInterval < TimeSpan.FromMilliseconds(10) || PollInterval > TimeSpan.FromMilliseconds(250))
            throw new ArgumentOutOfRangeException(nameof(PollInterval), PollInterval, "PollInterval must be 10 ms to 250 ms.");
        if (Into is not null && Selection.IsAll) throw new ArgumentException("Into takes one session, not all.", nameof(Into));
        return this;
    }
}
