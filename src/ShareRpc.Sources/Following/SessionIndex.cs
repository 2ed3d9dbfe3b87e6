using Microsoft.Data.Sqlite;

namespace ShareRpc.Sources.Following;

/// <summary>
/// Keeps in one file of the state folder, mode 0600, what files of agents say of their sessions. Without it, or with a
/// damaged one, the next list takes longer; nothing else is lost.
/// </summary>
/// <param name="path">The file; may be missing, and its folder too.</param>
internal sealed class SessionIndex(string path)
{
    // Of what is kept: another version begins anew.
    private const long Layout = 2;

    static SessionIndex() => SQLitePCL.Batteries_V2.Init();

    /// <summary>A file's row.</summary>
    /// <param name="File">As it was when it was looked into.</param>
    /// <param name="IsWhole">See <see cref="HeadIndex{T}.Entry"/>.</param>
    /// <param name="Begin">See <see cref="HeadIndex{T}.Entry"/>.</param>
    /// <param name="Head">JSON; null: nothing of the agent's.</param>
    internal sealed record Row(ListedFile File, bool IsWhole, string? Begin, string? Head);

    /// <summary>Gets or sets what is told, while files are looked into: of which agent, how many of how many.</summary>
    public Action<string, int, int>? Looking { get; set; }

    /// <summary>Returns the rows of an owner; none if they cannot be read.</summary>
    /// <param name="owner">Names an agent and its folder.</param>
    public IReadOnlyList<Row> Load(string owner)
    {
        if (!File.Exists(path)) return [];
        try
        {
            using SqliteConnection connection = Open();
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "SELECT path, length, written, whole, begin, head FROM file WHERE owner = $owner";
            command.Parameters.AddWithValue("$owner", owner);
            using SqliteDataReader row = command.ExecuteReader();
            List<Row> rows = [];
            while (row.Read())
            {
                var written = new DateTimeOffset(row.GetInt64(2), TimeSpan.Zero);
                rows.Add(new Row(new ListedFile(row.GetString(0), row.GetInt64(1), written), row.GetBoolean(3),
                    row.IsDBNull(4) ? null : row.GetString(4), row.IsDBNull(5) ? null : row.GetString(5)));
            }

            return rows;
        }
        catch (Exception error) when (IsTrouble(error))
        {
            return [];
        }
    }

    /// <summary>Keeps rows, and forgets files that are gone; false if nothing could be written.</summary>
    public bool TrySave(string owner, IEnumerable<Row> rows, IEnumerable<string> gone)
    {
        try
        {
            Prepare();
            using SqliteConnection connection = Open();
            using SqliteTransaction transaction = connection.BeginTransaction();
            using SqliteCommand put = Prepared(connection, owner, """
                INSERT OR REPLACE INTO file (owner, path, length, written, whole, begin, head)
                VALUES ($owner, $path, $length, $written, $whole, $begin, $head)
                """, "$path", "$length", "$written", "$whole", "$begin", "$head");
            foreach (Row row in rows)
            {
                Run(put, row.File.Path, row.File.Length, row.File.Written.UtcTicks, row.IsWhole,
                    row.Begin ?? (object)DBNull.Value, row.Head ?? (object)DBNull.Value);
            }

            using SqliteCommand remove =
                Prepared(connection, owner, "DELETE FROM file WHERE owner = $owner AND path = $path", "$path");
            foreach (string file in gone) Run(remove, file);
            transaction.Commit();
            return true;
        }
        catch (Exception error) when (IsTrouble(error))
        {
            return false;
        }
    }

    private static SqliteCommand Prepared(SqliteConnection connection, string owner, string sql, params string[] names)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.AddWithValue("$owner", owner);
        foreach (string name in names) command.Parameters.AddWithValue(name, null);
        return command;
    }

    private static void Run(SqliteCommand command, params object[] values)
    {
        foreach ((int at, object value) in values.Index()) command.Parameters[at + 1].Value = value;
        command.ExecuteNonQuery();
    }

    private static bool IsTrouble(Exception error) =>
        error is SqliteException or IOException or UnauthorizedAccessException or InvalidCastException
            or ArgumentException;

    private static void Execute(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static bool IsCurrent(SqliteConnection connection)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "PRAGMA user_version";
        return command.ExecuteScalar() is Layout;
    }

    /// <summary>Makes the file, or makes it anew if it cannot be read as this version's.</summary>
    private void Prepare()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var options = new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite,
            Share = FileShare.ReadWrite | FileShare.Delete,
        };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        new FileStream(path, options).Dispose();
        try
        {
            using SqliteConnection connection = Open();
            if (IsCurrent(connection)) return;
            using SqliteTransaction transaction = connection.BeginTransaction();
            Execute(connection, $"""
                DROP TABLE IF EXISTS file;
                CREATE TABLE file (
                  owner TEXT NOT NULL, path TEXT NOT NULL, length INTEGER NOT NULL, written INTEGER NOT NULL,
                  whole INTEGER NOT NULL, begin TEXT, head TEXT, PRIMARY KEY (owner, path)) WITHOUT ROWID;
                PRAGMA user_version = {Layout};
                """);
            transaction.Commit();
        }
        catch (SqliteException error) when (error.SqliteErrorCode is SQLitePCL.raw.SQLITE_NOTADB
            or SQLitePCL.raw.SQLITE_CORRUPT)
        {
            File.Delete(path); // the next list makes it
        }
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path, Pooling = false, DefaultTimeout = 2,
        }.ToString());
        try
        {
            connection.Open();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}
