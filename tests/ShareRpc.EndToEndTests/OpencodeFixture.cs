using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;

namespace ShareRpc.EndToEndTests;

/// <summary>
/// The recorded opencode database, read here on its own account: nothing of the source under test is used.
/// </summary>
internal static class OpencodeFixture
{
    private static readonly string[] RepositoryMark = ["ShareRpc.sln"];

    static OpencodeFixture() => SQLitePCL.Batteries_V2.Init();

    public static string Path { get; } =
        System.IO.Path.Combine(Root(), "..", "shared", "fixtures", "opencode", "opencode-1.18.33.db");

    public static string Root()
    {
        string directory = AppContext.BaseDirectory;
        while (!RepositoryMark.All(mark => File.Exists(System.IO.Path.Combine(directory, mark))))
        {
            directory = System.IO.Path.GetDirectoryName(directory)!;
        }
        return directory;
    }

    public static string CopyTo(string path)
    {
        File.Copy(Path, path);
        return path;
    }

    public static IReadOnlyList<string> Sessions(string database) =>
        [.. Query(database, "SELECT id FROM session ORDER BY id").Select(row => (string)row["id"]!)];

    /// <summary>Message documents of a session by id: the row's JSON with its id columns.</summary>
    public static Dictionary<string, JsonNode> Messages(string database, string session) => Query(
        database, $"SELECT id, data FROM message WHERE session_id = '{session}'").ToDictionary(row =>
            (string)row["id"]!, row =>
        With(row, ("id", row["id"]!), ("sessionID", session)));

    /// <summary>Part documents of a session by id: the row's JSON with its id columns.</summary>
    public static Dictionary<string, JsonNode> Parts(string database, string session) => Query(
        database, $"SELECT id, message_id, data FROM part WHERE session_id = '{session}'").ToDictionary(row =>
            (string)row["id"]!, row =>
        With(row, ("id", row["id"]!), ("sessionID", session), ("messageID", row["message_id"]!)));

    /// <summary>
    /// What opencode does while a session goes on: parts change, each with its event, in one transaction.
    /// </summary>
    public static void GoOn(string database)
    {
        using var connection = new SqliteConnection($"Data Source={database};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = """
            BEGIN IMMEDIATE;
            UPDATE part SET data = json_set(data, '$.touched', COALESCE(json_extract(data, '$.touched'), 0) + 1),
              time_updated = time_updated + 1
              WHERE rowid % 3 = 0;
            INSERT INTO event (id, aggregate_id, seq, type, data)
              SELECT 'evt_' || lower(hex(randomblob(13))), p.session_id,
                (SELECT seq FROM event_sequence q
                  WHERE q.aggregate_id = p.session_id) + ROW_NUMBER() OVER (PARTITION BY p.session_id ORDER BY p.id),
                'message.part.updated.1',
                json_object('sessionID', p.session_id, 'part', json_set(
                  p.data, '$.id', p.id, '$.sessionID', p.session_id, '$.messageID',
                  p.message_id))
              FROM part p WHERE p.rowid % 3 = 0;
            UPDATE event_sequence SET seq = (SELECT MAX(seq) FROM event e
              WHERE e.aggregate_id = event_sequence.aggregate_id);
            COMMIT;
            """;
        command.ExecuteNonQuery();
    }

    private static JsonNode With(Dictionary<string, object> row, params (string Name, object Value)[] columns)
    {
        JsonObject data = JsonNode.Parse((string)row["data"])!.AsObject();
        foreach ((string name, object value) in columns) data[name] = (string)value;
        return data;
    }

    private static List<Dictionary<string, object>> Query(string database, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={database};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        using SqliteDataReader reader = command.ExecuteReader();
        var rows = new List<Dictionary<string, object>>();
        while (reader.Read())
            rows.Add(Enumerable.Range(0, reader.FieldCount).ToDictionary(reader.GetName, reader.GetValue));
        return rows;
    }
}
