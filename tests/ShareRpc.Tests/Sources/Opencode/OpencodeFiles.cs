using Microsoft.Data.Sqlite;

namespace ShareRpc.Tests.Sources.Opencode;

/// <summary>Databases to test on, each a private copy in a folder that goes with this object.</summary>
public sealed class OpencodeFiles : IDisposable
{
    /// <summary>The session of the sample.</summary>
    public const string SampleSession = "ses_e0583000fffeDurationsInSec01";

    /// <summary>The seq of the sample's last event.</summary>
    public const int SampleLastSeq = 47;

    /// <summary>The ops that the sample's rows become: a session, messages, parts, a to-do list and a turn.</summary>
    public const int SampleOps = 1 + 6 + 23 + 1 + 1;

    /// <summary>The recorded session with removals, forks and a to-do list.</summary>
    public const string LongSession = "ses_e0583d9e2ffeAOtPuWfFVMs6Nb";

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("sharerpc-test-");

    static OpencodeFiles() => SQLitePCL.Batteries_V2.Init();

    public static string RecordedPath { get; } =
        Path.Combine(RepositoryRoot(), "..", "shared", "fixtures", "opencode", "opencode-1.18.33.db");

    public string Folder => folder.FullName;

    /// <summary>A writable copy of the recorded database: 11 sessions, 80 messages, 282 parts, 744 events.</summary>
    public string Recorded()
    {
        string path = Path.Combine(Folder, "recorded.db");
        File.WriteAllBytes(path, File.ReadAllBytes(RecordedPath));
        return path;
    }

    /// <summary>The statements of session.sql, whose steps are the events of a session.</summary>
    public static string SampleSql()
    {
        using Stream stream = typeof(OpencodeFiles).Assembly.GetManifestResourceStream(
            "ShareRpc.Tests.Sources.Opencode.session.sql")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>The sample as a database.</summary>
    public string Sample()
    {
        string path = Path.Combine(Folder, "sample.db");
        Execute(path, SampleSql());
        return path;
    }

    /// <summary>What opencode would do: another connection writes.</summary>
    public static void Execute(string path, string sql, params (string Name, object? Value)[] parameters)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        foreach ((string name, object? value) in parameters)
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        command.ExecuteNonQuery();
    }

    /// <summary>Adds a session like the first one, as a subagent's of its parent.</summary>
    public static void AddSession(string path, string id, string? parent)
    {
        string columns = (string)Query(path,
            "SELECT group_concat(name) FROM pragma_table_info('session') WHERE name NOT IN ('id', 'parent_id')")[0][0]!;
        Execute(
            path, $"INSERT INTO session (id, parent_id, {columns}) SELECT $id, $parent, {columns} FROM session LIMIT 1",
            ("$id", id),
            ("$parent", parent));
    }

    /// <summary>The rows of a query, read by a connection of its own.</summary>
    public static List<object?[]> Query(string path, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False;Mode=ReadOnly");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        using SqliteDataReader reader = command.ExecuteReader();
        var rows = new List<object?[]>();
        while (reader.Read())
        {
            object?[] row = new object?[reader.FieldCount];
            for (int i = 0; i < row.Length; i++) row[i] = reader.IsDBNull(i) ? null : reader.GetValue(i);
            rows.Add(row);
        }

        return rows;
    }

    public void Dispose() => folder.Delete(recursive: true);

    private static string RepositoryRoot()
    {
        string? at = AppContext.BaseDirectory;
        while (at is not null && !File.Exists(Path.Combine(at, "ShareRpc.sln"))) at = Path.GetDirectoryName(at);
        return at ?? throw new InvalidOperationException("The tests run inside the repository.");
    }
}
