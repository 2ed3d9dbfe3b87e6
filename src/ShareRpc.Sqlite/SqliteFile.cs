using Microsoft.Data.Sqlite;

namespace ShareRpc.Sqlite;

/// <summary>Opens connections to a database file, with the settings that durability rests on.</summary>
/// <param name="path">The file.</param>
/// <param name="busyMs">How long another program may hold the file before that is an error.</param>
/// <param name="cacheKiB">Memory for pages of the connection that writes.</param>
/// <param name="neverSyncs">For measurements: commits survive a crash of the process, not one of the machine.</param>
internal sealed class SqliteFile(string path, int busyMs = 5_000, int cacheKiB = 65_536, bool neverSyncs = false)
{
    private const int CommandTimeoutSeconds = 1;

    /// <summary>What the file of the write-ahead log is cut to when it begins anew; below it is overwritten, which syncs faster.</summary>
    private const int LogFileBytes = 128 * 1024 * 1024;
    private readonly string synchronous = neverSyncs ? "OFF" : "FULL";

    static SqliteFile() => SQLitePCL.Batteries_V2.Init();

    /// <summary>
    /// Has SQLite in this process lock no connection at each call, nor count its memory: a connection is one thread's
    /// at a time. Where
    /// somebody else in this process has begun to use SQLite before, this is refused, and everything works all the
    /// same.
    /// </summary>
    public static void ConfigureProcess()
    {
        _ = SQLitePCL.raw.sqlite3_config(SQLitePCL.raw.SQLITE_CONFIG_MULTITHREAD);
        _ = SQLitePCL.raw.sqlite3_config(SQLitePCL.raw.SQLITE_CONFIG_MEMSTATUS, 0);
    }

    /// <summary>Opens the write connection: WAL, and an fsync in every commit.</summary>
    public SqliteConnection OpenForWriting()
    {
        SqliteConnection connection = Open(SqliteOpenMode.ReadWriteCreate);

        // wal_autocheckpoint=0: the log is copied beside the commits (LogMaintenance), never inside one.
        Execute(
            connection,
            $"""
            PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous}; PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-{cacheKiB};
            PRAGMA journal_size_limit={LogFileBytes};
            """);
        return connection;
    }

    public SqliteConnection OpenForReading()
    {
        SqliteConnection connection = Open(SqliteOpenMode.ReadWrite);
        Execute(connection, "PRAGMA query_only=1; PRAGMA cache_size=-8192;");
        return connection;
    }

    /// <summary>Opens a connection that only copies pages from the log into the file.</summary>
    public SqliteConnection OpenForMaintenance()
    {
        SqliteConnection connection = Open(SqliteOpenMode.ReadWrite);
        Execute(connection, $"PRAGMA synchronous={synchronous}; PRAGMA wal_autocheckpoint=0;");
        return connection;
    }

    /// <summary>
    /// Opens a connection that changes nothing. Where not even the shared memory of the log can be made, as on
    /// read-only media, the file is
    /// read as one that nobody changes, unless a log lies beside it.
    /// </summary>
    public SqliteConnection OpenUnchanged()
    {
        SqliteConnection? connection = null;
        try
        {
            connection = Open(SqliteOpenMode.ReadOnly);
            Execute(connection, "SELECT COUNT(*) FROM sqlite_master;");
            return connection;
        }
        catch (SqliteException exception) when (SqliteTrouble.IsDamage(exception) && connection is not null)
        {
            return connection;
        }
        catch (SqliteException) when (new FileInfo(path + "-wal") is { Exists: false } or { Length: 0 })
        {
            connection?.Dispose();
            return Open(SqliteOpenMode.ReadOnly, $"{new Uri(Path.GetFullPath(path)).AbsoluteUri}?immutable=1");
        }
        catch
        {
            connection?.Dispose();
            throw;
        }
    }

    public static void Execute(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public static long ReadNumber(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }

    private SqliteConnection Open(SqliteOpenMode mode, string? uri = null)
    {
        var source = new SqliteConnectionStringBuilder
        {
            DataSource = uri ?? path, Mode = mode, Pooling = false, DefaultTimeout = CommandTimeoutSeconds,
        };
        var connection = new SqliteConnection(source.ToString());
        try
        {
            connection.Open();
            Execute(connection, $"PRAGMA busy_timeout={busyMs};");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}
