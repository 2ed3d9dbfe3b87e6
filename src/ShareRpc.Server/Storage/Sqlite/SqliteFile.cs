using Microsoft.Data.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>Opens connections to the one database file, with the settings that durability rests on.</summary>
internal sealed class SqliteFile(string path)
{
    private const int BusyTimeoutMs = 5_000;

    static SqliteFile() => SQLitePCL.Batteries_V2.Init();

    public string Path => path;

    /// <summary>The write connection: WAL, and an fsync in every commit.</summary>
    public SqliteConnection OpenForWriting()
    {
        SqliteConnection connection = Open(SqliteOpenMode.ReadWriteCreate);

        // wal_autocheckpoint=0: the checkpoint runs beside the commits (Checkpoint), never inside one.
        Execute(connection, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-65536;");
        return connection;
    }

    public SqliteConnection OpenForReading()
    {
        SqliteConnection connection = Open(SqliteOpenMode.ReadWrite);
        Execute(connection, "PRAGMA query_only=1; PRAGMA cache_size=-8192;");
        return connection;
    }

    /// <summary>A connection that only moves pages from the log into the file.</summary>
    public SqliteConnection OpenForCheckpoints()
    {
        SqliteConnection connection = Open(SqliteOpenMode.ReadWrite);
        Execute(connection, "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;");
        return connection;
    }

    public static void Execute(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private SqliteConnection Open(SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false }.ToString());
        connection.Open();
        Execute(connection, $"PRAGMA busy_timeout={BusyTimeoutMs};");
        return connection;
    }
}
