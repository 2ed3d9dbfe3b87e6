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

    /// <summary>Longer WAL files are cut to this at a restart; overwriting below it syncs faster.</summary>
    private const int LogFileBytes = 128 * 1024 * 1024;
    private readonly string synchronous = neverSyncs ? "OFF" : "FULL";

    static SqliteFile() => SQLitePCL.Batteries_V2.Init();

    /// <summary>
    /// Turns off connection locks and memory statistics: one thread uses each connection. Refused without harm if
    /// SQLite is in use.
    /// </summary>
    public static void ConfigureProcess()
    {
        _ = SQLitePCL.raw.sqlite3_config(SQLitePCL.raw.SQLITE_CONFIG_MULTITHREAD);
        _ = SQLitePCL.raw.sqlite3_config(SQLitePCL.raw.SQLITE_CONFIG_MEMSTATUS, 0);
        NativeHeap.ReturnLargeBlocks();
    }

    public SqliteConnection OpenForWriting()
    {
        OwnerOnly.PrepareDatabase(path);
        SqliteConnection connection = Open(SqliteOpenMode.ReadWriteCreate);

        // LogMaintenance runs outside commits.
        Execute(
            connection,
            $"""
            PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous}; PRAGMA wal_autocheckpoint=0;
              PRAGMA cache_size=-{cacheKiB};
            PRAGMA journal_size_limit={LogFileBytes}; PRAGMA secure_delete=ON;
            """);
        return connection;
    }

    public SqliteConnection OpenForReading()
    {
        SqliteConnection connection = Open(SqliteOpenMode.ReadWrite);
        Execute(connection, "PRAGMA query_only=1; PRAGMA cache_size=-8192;");
        return connection;
    }

    public SqliteConnection OpenForMaintenance()
    {
        SqliteConnection connection = Open(SqliteOpenMode.ReadWrite);
        Execute(connection, $"PRAGMA synchronous={synchronous}; PRAGMA wal_autocheckpoint=0;");
        return connection;
    }

    /// <summary>Opens read-only; as immutable if shared memory fails (read-only media) and no WAL exists.</summary>
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
