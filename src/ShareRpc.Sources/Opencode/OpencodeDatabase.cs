using System.Globalization;
using Microsoft.Data.Sqlite;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Following;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Sources.Opencode;

/// <summary>
/// A live opencode database (1.2 and later), opened read-only while opencode writes. For one thread at a time; the
/// caller disposes it.
/// </summary>
public sealed class OpencodeDatabase : IDisposable
{
    // SQLite's primary result codes.
    private const int ReadOnly = 8;
    private const int InputOutput = 10;
    private const int CannotOpen = 14;

    private static readonly TimeSpan DefaultBusyTimeout = TimeSpan.FromSeconds(5);

    private readonly SqliteConnection connection;
    private readonly bool hasEvents;
    private readonly (DateTime Written, long Length)? openedStamp;

    static OpencodeDatabase() => SQLitePCL.Batteries_V2.Init();

    private OpencodeDatabase(string path, SqliteConnection connection, (DateTime Written, long Length)? openedStamp)
    {
        Path = path;
        this.openedStamp = openedStamp;
        this.connection = connection;
        hasEvents = HasTable("event");
        if (!HasTable("session") || !HasTable("message") || !HasTable("part"))
            throw new OpencodeException(
                $"{path} is not an opencode database (1.2 or later): it has no session, message and part tables.");
    }

    /// <summary>
    /// Gets opencode's path: <c>$XDG_DATA_HOME/opencode/opencode.db</c>, default <c>~/.local/share</c>.
    /// </summary>
    public static string DefaultPath
    {
        get
        {
            string? data = Environment.GetEnvironmentVariable("XDG_DATA_HOME");
            if (string.IsNullOrEmpty(data))
                data = System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile),
                    ".local", "share");
            if (!System.IO.Path.IsPathFullyQualified(data))
                throw new OpencodeException("This user has no home directory. Name the database with --opencode PATH.");
            return System.IO.Path.Combine(data, "opencode", "opencode.db");
        }
    }

    /// <summary>Gets the file path.</summary>
    public string Path { get; }

    /// <summary>
    /// Opens the file; <see cref="OpencodeException"/> when there is none, or when it is something else.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="busyTimeout">How long a read waits for a lock of opencode's, in whole seconds; 5 s by
    /// default.</param>
    public static OpencodeDatabase Open(string path, TimeSpan? busyTimeout = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path) && Permission.Denial(path) is { } denied)
            throw new OpencodeException($"{denied.Message} {Permission.Remedy}", denied);
        if (!File.Exists(path))
            throw new OpencodeException($"There is no opencode database at {path}. Name it with --opencode PATH.");
        int timeout = Math.Max(1, (int)(busyTimeout ?? DefaultBusyTimeout).TotalSeconds);
        try
        {
            return Open(path, path, timeout);
        }
        catch (SqliteException error) when (IsWithoutLog(error, path))
        {
            try
            {
                return Open(path, Unchanging(path), timeout);
            }
            catch (SqliteException second)
            {
                throw Unreadable(path, second);
            }
        }
        catch (SqliteException error)
        {
            throw Unreadable(path, error);
        }
    }

    /// <summary>Returns a number that changes when another connection commits.</summary>
    public long DataVersion()
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "PRAGMA data_version"; // of a file that is taken not to change, always the same
        return Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// Returns all sessions with subagents, most recently updated first, but those that OpenCode 2 has taken over.
    /// </summary>
    public IReadOnlyList<OpencodeSessionInfo> ListSessions()
    {
        string seq = hasEvents ? "coalesce((SELECT max(seq) FROM event e WHERE e.aggregate_id = s.id), -1)" : "-1";
        string todo = HasTable("todo")
            ? "coalesce((SELECT max(time_updated) FROM todo t WHERE t.session_id = s.id), -1)" : "-1";
        using SqliteCommand command = connection.CreateCommand();
        string where = HasTable("session_v2")
            ? " WHERE NOT EXISTS (SELECT 1 FROM session_v2 v WHERE v.id = s.id)" : "";
        command.CommandText =
            $"SELECT id, parent_id, title, time_updated, {seq}, {todo} FROM session s{where} ORDER BY time_updated "
                + "DESC, id DESC";
        using SqliteDataReader reader = command.ExecuteReader();
        var sessions = new List<OpencodeSessionInfo>();
        while (reader.Read())
        {
            string? parent = reader.IsDBNull(1) ? null : reader.GetString(1);
            sessions.Add(new OpencodeSessionInfo(
                reader.GetString(0), parent, reader.GetString(2), reader.GetInt64(3), reader.GetInt64(4),
                reader.GetInt64(5)));
        }

        return sessions;
    }

    /// <summary>Finds the share of the selected session (only one), see <see cref="FindShare(string)"/>.</summary>
    public OpencodeOwnShare? FindShare(OpencodeSelection selection)
    {
        ArgumentNullException.ThrowIfNull(selection);
        try
        {
            return FindShare(selection.Choose(ListSessions())[0].Id);
        }
        catch (SqliteException error)
        {
            throw new OpencodeException($"{Path} could not be read just now (SQLite error {error.SqliteErrorCode}).",
                error);
        }
    }

    /// <summary>Returns the share that opencode created on a ShareRpc server; else null.</summary>
    public OpencodeOwnShare? FindShare(string sessionId)
    {
        if (!HasTable("session_share")) return null;
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT id, secret, url FROM session_share WHERE session_id = $session";
        command.Parameters.AddWithValue("$session", sessionId);
        using SqliteDataReader row = command.ExecuteReader();
        return row.Read() ? OpencodeOwnShare.Of(sessionId, row.GetString(0), row.GetString(1), row.GetString(2)) : null;
    }

    /// <summary>
    /// Returns the ops that make the documents of a session and its subagents as they are now; none if it is not there.
    /// </summary>
    /// <param name="sessionId">The id of the session.</param>
    /// <param name="secrets">Finds what is replaced; null replaces nothing.</param>
    public IEnumerable<OpIntent> ReadOps(string sessionId, SecretScanner? secrets)
    {
        var filter = new SecretFilter(secrets);
        IReadOnlyList<OpencodeSessionInfo> sessions = ListSessions();
        if (sessions.All(session => session.Id != sessionId)) yield break;
        IReadOnlyList<OpencodeSessionInfo> all = OpencodeSelection.Of(sessionId).Choose(sessions);
        using OpencodeView view = BeginRead();
        foreach (SessionForm form in all.Select(session => new SessionForm(session.Id, sessionId)))
        {
            if (view.Session(form.SessionId) is not { } row) continue;
            if (!form.IsSubagent)
                yield return OpencodeOps.Put(Kinds.Session, sessionId, filter.Clean(SessionDocument.Build(row)));
            var rows = new RowPass(view, form, new SyncPosition(), new KnownDocuments(), filter, Revert.OfRow(row));
            foreach (OpIntent op in rows.Steps().SelectMany(step => step.Ops)) yield return op;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => connection.Dispose();

    /// <summary>Returns whether OpenCode 2 has taken a session over: its rows here are a copy as of then.</summary>
    internal bool IsMigrated(string sessionId)
    {
        if (!HasTable("session_v2")) return false;
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM session_v2 WHERE id = $session";
        command.Parameters.AddWithValue("$session", sessionId);
        return (long)command.ExecuteScalar()! > 0;
    }

    /// <summary>
    /// Returns whether SQLite cannot make its files beside a database, as on read-only media, and there is no log:
    /// the file holds everything.
    /// </summary>
    internal static bool IsWithoutLog(SqliteException error, string path) =>
        error.SqliteErrorCode is CannotOpen or ReadOnly or InputOutput && !HasLog(path);

    /// <summary>Returns the address that opens a file as one that does not change.</summary>
    internal static string Unchanging(string path) =>
        $"{new Uri(System.IO.Path.GetFullPath(path)).AbsoluteUri}?immutable=1";

    /// <summary>Dispose the view before any other call.</summary>
    internal OpencodeView BeginRead() => new(connection, hasEvents, HasTable("todo"));

    /// <summary>Gets whether the file was read as one that does not change, and has changed since.</summary>
    internal bool IsOutdated => openedStamp is { } stamp && (stamp != StampOf(Path) || HasLog(Path));

    private static OpencodeDatabase Open(string path, string source, int timeoutSeconds)
    {
        (DateTime, long)? stamp = source == path ? null : StampOf(path);
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = source, Mode = SqliteOpenMode.ReadOnly, Pooling = false, DefaultTimeout = timeoutSeconds,
        }.ToString());
        try
        {
            connection.Open();
            return new OpencodeDatabase(path, connection, stamp);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static OpencodeException Unreadable(string path, SqliteException error) => new(
        HasLog(path)
            ? $"{path} cannot be read (SQLite error {error.SqliteErrorCode}): newer changes are in its -wal file. "
                + "Mount its folder whole and writable, or copy the .db and -wal files into a folder that this user "
                    + "may "
                + "write."
            : $"{path} cannot be read (SQLite error {error.SqliteErrorCode}). See that this user may read it.",
        error);

    private static bool HasLog(string path) => new FileInfo(path + "-wal") is { Exists: true, Length: > 0 };

    private static (DateTime Written, long Length) StampOf(string path)
    {
        var file = new FileInfo(path);
        return (file.LastWriteTimeUtc, file.Exists ? file.Length : -1);
    }

    private bool HasTable(string name)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = $name";
        command.Parameters.AddWithValue("$name", name);
        return (long)command.ExecuteScalar()! > 0;
    }
}
