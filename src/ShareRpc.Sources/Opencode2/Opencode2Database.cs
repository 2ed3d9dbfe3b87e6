using System.Globalization;
using Microsoft.Data.Sqlite;
using ShareRpc.Sources.Following;
using ShareRpc.Sources.Opencode;

namespace ShareRpc.Sources.Opencode2;

/// <summary>
/// A database of OpenCode, opened read-only while OpenCode writes; with rows of OpenCode 2 never as one that does not
/// change. For one thread at a time; the caller disposes it.
/// </summary>
internal sealed class Opencode2Database : IDisposable
{
    private static readonly string[] SessionColumns =
        ["id", "parent_id", "title", "directory", "version", "time_created", "time_updated"];

    private static readonly string[] MessageColumns =
        ["id", "session_id", "type", "seq", "time_created", "time_updated", "data"];

    private readonly SqliteConnection connection;
    private readonly DateTime madeAt;

    static Opencode2Database() => SQLitePCL.Batteries_V2.Init();

    private Opencode2Database(string path, SqliteConnection connection)
    {
        Path = path;
        this.connection = connection;
        madeAt = File.GetCreationTimeUtc(path);
        Generation = GenerationOf();
    }

    public string Path { get; }

    /// <summary>Gets which tables the file holds.</summary>
    public OpencodeGeneration Generation { get; }

    /// <summary>Gets whether another file is in its place.</summary>
    public bool IsReplaced => File.GetCreationTimeUtc(Path) != madeAt;

    /// <summary>
    /// Opens the file. Throws <see cref="OpencodeException"/> if it cannot be read, and
    /// <see cref="UnknownStorageException"/> if its tables are none that this version knows.
    /// </summary>
    public static Opencode2Database Open(string path)
    {
        try
        {
            return Open(path, path);
        }
        catch (SqliteException error) when (OpencodeDatabase.IsWithoutLog(error, path))
        {
            return OlderUnchanging(path) ?? throw Unreadable(path, error);
        }
        catch (SqliteException error)
        {
            throw Unreadable(path, error);
        }
    }

    private static Exception Unreadable(string path, SqliteException error) => Permission.Denial(path) is { } denied
        ? new OpencodeException($"{denied.Message} {Permission.Remedy}", error) : new OpencodeException(
        $"{path} cannot be read (SQLite error {error.SqliteErrorCode}). Its folder must be mounted whole, with its "
        + "-wal and -shm files, and this user must be allowed to read it.", error);

    /// <summary>Opens a file on read-only media; null if it holds rows of OpenCode 2, or cannot be read.</summary>
    private static Opencode2Database? OlderUnchanging(string path)
    {
        try
        {
            Opencode2Database found = Open(path, OpencodeDatabase.Unchanging(path));
            if (found.Generation is OpencodeGeneration.One or OpencodeGeneration.None) return found;
            found.Dispose();
        }
        catch (SqliteException)
        {
            // As damaged as it seemed.
        }

        return null;
    }

    private static Opencode2Database Open(string path, string source)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = source, Mode = SqliteOpenMode.ReadOnly, Pooling = false, DefaultTimeout = 5,
        }.ToString());
        try
        {
            connection.Open();
            return new Opencode2Database(path, connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Returns a number that changes when another connection commits.</summary>
    public long DataVersion() => (long)(Scalar("PRAGMA data_version") ?? 0L);

    /// <summary>Begins a read of one moment; dispose it before the next.</summary>
    public SqliteTransaction BeginRead() => connection.BeginTransaction(deferred: true);

    /// <summary>Returns the rows of a query, each valid until the next.</summary>
    public IEnumerable<SqliteDataReader> Query(string sql, params (string Name, object Value)[] parameters)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        foreach ((string name, object value) in parameters) command.Parameters.AddWithValue(name, value);
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read()) yield return reader;
    }

    /// <summary>Returns the first value; null for none.</summary>
    public object? Scalar(string sql, params (string Name, object Value)[] parameters)
    {
        foreach (SqliteDataReader row in Query(sql, parameters)) return row.IsDBNull(0) ? null : row.GetValue(0);
        return null;
    }

    /// <summary>Returns a row by the names of its columns; null if there is none.</summary>
    public Dictionary<string, object?>? Row(string sql, params (string Name, object Value)[] parameters)
    {
        foreach (SqliteDataReader row in Query(sql, parameters))
        {
            return Enumerable.Range(0, row.FieldCount).ToDictionary(
                row.GetName, at => row.IsDBNull(at) ? null : row.GetValue(at), StringComparer.Ordinal);
        }

        return null;
    }

    /// <summary>Returns whether a table is there with these columns.</summary>
    public bool Has(string table, params string[] columns) => !Missing(table, columns).Any();

    /// <summary>Returns a session and those of its subagents, of any depth.</summary>
    public IReadOnlyList<string> WithSubagents(string sessionId)
    {
        const string sql = """
            WITH RECURSIVE tree(id) AS (
              SELECT $id UNION SELECT s.id FROM session_v2 s JOIN tree t ON s.parent_id = t.id)
            SELECT id FROM tree
            """;
        return [.. Query(sql, ("$id", sessionId)).Select(row => row.GetString(0))];
    }

    /// <inheritdoc/>
    public void Dispose() => connection.Dispose();

    private OpencodeGeneration GenerationOf()
    {
        HashSet<string> tables = [.. Query("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
            .Select(row => row.GetString(0))];
        bool isOne = tables.IsSupersetOf(["session", "message", "part"]);
        bool isTwo = tables.IsSupersetOf(["session_v2", "session_message"]);
        string[] later = [.. tables.Where(IsLater).Order(StringComparer.Ordinal)];
        bool isHalf = tables.Contains("session_v2") && !isTwo;
        if (later.Length > 0 || isHalf || (!isOne && !isTwo && tables.Count > 0) || HasUnplacedRows(tables))
            throw Unknown("tables " + string.Join(", ", later.Length > 0 ? later : tables.Order()));
        if (!isTwo) return isOne ? OpencodeGeneration.One : OpencodeGeneration.None;
        CheckColumns("session_v2", SessionColumns);
        CheckColumns("session_message", MessageColumns);
        return isOne ? OpencodeGeneration.Both : OpencodeGeneration.Two;
    }

    /// <summary>Returns whether a table is of a session storage behind the second, as <c>session_v3</c>.</summary>
    private static bool IsLater(string table)
    {
        int at = table.LastIndexOf("_v", StringComparison.Ordinal);
        bool isVersioned = at > 0 && int.TryParse(
            table.AsSpan(at + 2), NumberStyles.None, CultureInfo.InvariantCulture, out int version) && version > 2;
        return isVersioned && table[..at] is "session" or "session_message" or "message" or "part";
    }

    /// <summary>Returns whether messages have no table of sessions; late versions of 1 have theirs, empty.</summary>
    private bool HasUnplacedRows(HashSet<string> tables) => tables.Contains("session_message")
        && !tables.Contains("session_v2") && Scalar("SELECT 1 FROM session_message LIMIT 1") is not null;

    private IEnumerable<string> Missing(string table, string[] needed) => needed.Except(
        Query("SELECT name FROM pragma_table_info($table)", ("$table", table)).Select(row => row.GetString(0)));

    private void CheckColumns(string table, string[] needed)
    {
        string[] missing = [.. Missing(table, needed)];
        if (missing.Length > 0) throw Unknown($"a table {table} without {string.Join(", ", missing)}");
    }

    private UnknownStorageException Unknown(string found) => new(
        $"{Path} holds sessions in a form that this version of sharerpc does not know: {Shortened(found)}. Nothing of "
        + "it was shared. Update sharerpc.");

    private static string Shortened(string text) => text.Length <= 300 ? text : text[..300] + "…";
}

/// <summary>The generations of OpenCode's session tables in one file.</summary>
internal enum OpencodeGeneration
{
    /// <summary>A file without tables.</summary>
    None,

    /// <summary>The tables of 1.2 and later.</summary>
    One,

    /// <summary>The tables of 2.</summary>
    Two,

    /// <summary>Those of 1 are copies as of the migration.</summary>
    Both,
}
