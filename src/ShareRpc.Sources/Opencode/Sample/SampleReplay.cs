using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Sources.Opencode.Sample;

/// <summary>Plays session.sql into a new database, one transaction per event. For one thread.</summary>
internal sealed class SampleReplay : IDisposable
{
    private readonly SqliteConnection live;
    private readonly List<(string Id, long Seq, string Type, string Data)> events = [];

    static SampleReplay() => SQLitePCL.Batteries_V2.Init();

    /// <summary>Creates the database at <paramref name="path"/>: the session as it began, without a message.</summary>
    public SampleReplay(string path)
    {
        live = new SqliteConnection($"Data Source={path};Pooling=False");
        live.Open();
        Run("PRAGMA journal_mode=WAL");
        Run(Sql());
        using (SqliteCommand command = live.CreateCommand())
        {
            command.CommandText = "SELECT id, seq, type, data, aggregate_id FROM event ORDER BY seq";
            using SqliteDataReader reader = command.ExecuteReader();
            while (reader.Read())
            {
                events.Add((reader.GetString(0), reader.GetInt64(1), reader.GetString(2), reader.GetString(3)));
                SessionId = reader.GetString(4);
            }
        }

        Run("DELETE FROM event; DELETE FROM message; DELETE FROM todo; UPDATE event_sequence SET seq = -1; "
            + "UPDATE session SET time_updated = time_created");
    }

    public string SessionId { get; } = "";

    public int EventCount => events.Count;

    public static string Sql()
    {
        using Stream stream =
            typeof(SampleReplay).Assembly.GetManifestResourceStream("ShareRpc.Sources.Opencode.Sample.session.sql")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    public void Play(int index)
    {
        (string id, long seq, string type, string data) = events[index];
        JsonObject document = JsonNode.Parse(data)!.AsObject();
        using SqliteTransaction transaction = live.BeginTransaction();
        Run("UPDATE event_sequence SET seq = $1", seq);
        Run("INSERT INTO event (id, aggregate_id, seq, type, data) VALUES ($1, $2, $3, $4, $5)", id, SessionId, seq,
            type, data);
        if (type == "message.updated.1") PutMessage(document["info"]!.AsObject());
        else if (type == "message.part.updated.1") PutPart(document["part"]!.AsObject());
        transaction.Commit();
    }

    public (int Messages, int Parts) CountRows() => (Count("message"), Count("part"));

    public bool Holds(Document document)
    {
        using SqliteCommand command = live.CreateCommand();
        command.CommandText = document.Kind == Kinds.Message
            ? "SELECT data, id, session_id, NULL FROM message WHERE id = $1"
            : "SELECT data, id, session_id, message_id FROM part WHERE id = $1";
        command.Parameters.AddWithValue("$1", document.Key);
        using SqliteDataReader reader = command.ExecuteReader();
        if (!reader.Read()) return false;
        JsonObject row = JsonNode.Parse(reader.GetString(0))!.AsObject();
        row["id"] = reader.GetString(1);
        row["sessionID"] = reader.GetString(2);
        if (!reader.IsDBNull(3)) row["messageID"] = reader.GetString(3);
        return JsonNode.DeepEquals(row, JsonNode.Parse(document.Data.Utf8.Span));
    }

    public void Dispose() => live.Dispose();

    private int Count(string table)
    {
        using SqliteCommand command = live.CreateCommand();
        command.CommandText = $"SELECT count(*) FROM {table}";
        return Convert.ToInt32(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }

    private void PutMessage(JsonObject info) => Run(
        "INSERT INTO message (id, session_id, time_created, time_updated, data) VALUES ($1, $2, $3, $3, $4) "
        + "ON CONFLICT (id) DO UPDATE SET data = excluded.data, time_updated = time_updated + 1",
        (string)info["id"]!, SessionId, (long)info["time"]!["created"]!, Without(info, "id", "sessionID"));

    private void PutPart(JsonObject part)
    {
        Run(
            "INSERT INTO part (id, message_id, session_id, time_created, time_updated, data) VALUES ($1, $2, $3, 1, "
                + "1, $4) "
            + "ON CONFLICT (id) DO UPDATE SET data = excluded.data, time_updated = time_updated + 1",
            (string)part["id"]!, (string)part["messageID"]!, SessionId, Without(part, "id", "sessionID", "messageID"));
        if (part["state"] is not JsonObject state || (string?)state["status"] != "completed"
            || state["input"]?["todos"] is not { } todos)
            return;
        Run(
            "INSERT OR REPLACE INTO todo SELECT $1, value ->> 'content', value ->> 'status', value ->> 'priority', "
                + "key, 1, $2 "
            + "FROM json_each($3)",
            SessionId, (long)state["time"]!["end"]!, todos.ToJsonString());
    }

    private static string Without(JsonObject document, params ReadOnlySpan<string> names)
    {
        JsonObject rest = document.DeepClone().AsObject();
        foreach (string name in names) rest.Remove(name);
        return rest.ToJsonString();
    }

    private void Run(string sql, params ReadOnlySpan<object> parameters)
    {
        using SqliteCommand command = live.CreateCommand();
        command.CommandText = sql;
        for (int i = 0; i < parameters.Length; i++) command.Parameters.AddWithValue($"${i + 1}", parameters[i]);
        command.ExecuteNonQuery();
    }
}
