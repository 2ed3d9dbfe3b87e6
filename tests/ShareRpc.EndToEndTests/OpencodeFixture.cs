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

    /// <summary>The sessions that are shared; one of a subagent is in the share of the one that started it.</summary>
    public static IReadOnlyList<string> Sessions(string database) =>
    [
        .. Query(database, """
            SELECT id FROM session WHERE parent_id IS NULL OR parent_id NOT IN (SELECT id FROM session) ORDER BY id
            """).Select(row => (string)row["id"]!),
    ];

    /// <summary>Message documents of a session by id: the row's JSON with its id columns.</summary>
    public static Dictionary<string, JsonNode> Messages(string database, string session) =>
        Query(database, OfTree(session, "SELECT id, session_id, data FROM message")).ToDictionary(
            row => (string)row["id"]!,
            row => (JsonNode)Shared(With(row, ("id", row["id"]!), ("sessionID", row["session_id"]!)), session));

    /// <summary>Part documents of a session by id: the row's JSON with its id columns.</summary>
    public static Dictionary<string, JsonNode> Parts(string database, string session) =>
        Query(database, OfTree(session, "SELECT id, session_id, message_id, data FROM part")).ToDictionary(
            row => (string)row["id"]!,
            row => (JsonNode)Shared(With(
                row, ("id", row["id"]!), ("sessionID", row["session_id"]!), ("messageID", row["message_id"]!)),
                session));

    /// <summary>Returns a document of a session, or of its subagent, as it is in the share of the session.</summary>
    public static JsonObject Shared(JsonObject document, string session)
    {
        string own = (string)document["sessionID"]!;
        document["sessionID"] = session;
        if ((string?)document["tool"] == "task" && document["state"]!["metadata"]?["sessionId"] is { } child)
            return Call(document, (string)child!);
        if (own != session) document["agent_session"] = own;
        return document;
    }

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

    /// <summary>The part that starts a subagent, in the session format.</summary>
    private static JsonObject Call(JsonObject part, string child)
    {
        JsonNode state = part["state"]!;
        var call = new JsonObject { ["type"] = "subagent", ["agent_session"] = child };
        foreach (string name in (string[])["id", "sessionID", "messageID", "callID", "tool"])
            call[name] = part[name]!.DeepClone();
        (JsonNode From, string Name, string Into)[] moved =
        [
            (state["input"]!, "subagent_type", "name"), (state["input"]!, "description", "description"),
            (state["input"]!, "prompt", "prompt"), (state, "status", "status"), (state, "output", "result"),
            (state, "error", "error"), (state, "time", "time"),
        ];
        foreach ((JsonNode from, string name, string into) in moved)
        {
            if (from[name] is { } value) call[into] = value.DeepClone();
        }

        return call;
    }

    private static string OfTree(string session, string select) => $"""
        WITH RECURSIVE tree(id) AS (
          SELECT '{session}' UNION SELECT session.id FROM session JOIN tree ON session.parent_id = tree.id)
        {select} WHERE session_id IN (SELECT id FROM tree)
        """;

    private static JsonObject With(Dictionary<string, object> row, params (string Name, object Value)[] columns)
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
