using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Cli.Samples;

/// <summary>
/// Plays the sample's session again, event by event, into a database of its own: what opencode did then, at any pace. Each event is one
/// transaction of event and rows, as opencode writes them.
/// </summary>
internal sealed class SampleReplay : IDisposable
{
    private readonly SqliteConnection recorded = new("Data Source=:memory:");
    private readonly SqliteConnection live;
    private readonly List<(string Type, JsonObject Data, long Seq)> events = [];

    static SampleReplay() => SQLitePCL.Batteries_V2.Init();

    /// <summary>Makes the database: the session as it was created, without a message.</summary>
    public SampleReplay(string path)
    {
        recorded.Open();
        Run(recorded, OpencodeSample.Sql());
        live = new SqliteConnection($"Data Source={path};Pooling=False");
        live.Open();
        Run(live, "PRAGMA journal_mode=WAL");
        Run(live, OpencodeSample.Sql());
        Run(live, "DELETE FROM event; DELETE FROM event_sequence; DELETE FROM part; DELETE FROM message; UPDATE session SET "
            + "time_updated = time_created");
        using SqliteCommand command = recorded.CreateCommand();
        command.CommandText = "SELECT type, data, seq, aggregate_id FROM event ORDER BY seq";
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            events.Add((reader.GetString(0), JsonNode.Parse(reader.GetString(1))!.AsObject(), reader.GetInt64(2)));
            SessionId = reader.GetString(3);
        }

        Run(live, "INSERT INTO event_sequence (aggregate_id, seq) VALUES ($1, -1)", SessionId);
    }

    /// <summary>opencode's id of the session.</summary>
    public string SessionId { get; } = "";

    /// <summary>How many events there are to play.</summary>
    public int EventCount => events.Count;

    /// <summary>Writes one event and the rows it changes.</summary>
    public void Play(int index)
    {
        (string type, JsonObject data, long seq) = events[index];
        using SqliteTransaction transaction = live.BeginTransaction();
        CopyEvent(seq);
        if (type == "message.updated.1") PutMessage(data["info"]!.AsObject());
        else if (type == "message.part.updated.1") PutPart(data["part"]!.AsObject());
        Run(live, "UPDATE event_sequence SET seq = $1", seq);
        transaction.Commit();
    }

    /// <summary>Message and part rows now.</summary>
    public (int Messages, int Parts) CountRows() => (Count("message"), Count("part"));

    /// <summary>True when the row of a message or part has exactly the document's fields, besides the id columns.</summary>
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

    public void Dispose()
    {
        live.Dispose();
        recorded.Dispose();
    }

    private int Count(string table)
    {
        using SqliteCommand command = live.CreateCommand();
        command.CommandText = $"SELECT count(*) FROM {table}";
        return Convert.ToInt32(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }

    private void CopyEvent(long seq)
    {
        using SqliteCommand command = recorded.CreateCommand();
        command.CommandText = "SELECT id, aggregate_id, seq, type, data FROM event WHERE seq = $1";
        command.Parameters.AddWithValue("$1", seq);
        using SqliteDataReader reader = command.ExecuteReader();
        reader.Read();
        object[] row = new object[reader.FieldCount];
        reader.GetValues(row);
        Run(live, "INSERT INTO event (id, aggregate_id, seq, type, data) VALUES ($1, $2, $3, $4, $5)", row);
    }

    private void PutMessage(JsonObject info)
    {
        string id = (string)info["id"]!;
        Run(
            live,
            "INSERT INTO message (id, session_id, time_created, time_updated, data) VALUES ($1, $2, $3, $3, $4) "
            + "ON CONFLICT (id) DO UPDATE SET data = excluded.data, time_updated = time_updated + 1",
            id, SessionId, (long)info["time"]!["created"]!, Without(info, "id", "sessionID"));
    }

    private void PutPart(JsonObject part) => Run(
        live,
        "INSERT INTO part (id, message_id, session_id, time_created, time_updated, data) VALUES ($1, $2, $3, 1, 1, $4) "
        + "ON CONFLICT (id) DO UPDATE SET data = excluded.data, time_updated = time_updated + 1",
        (string)part["id"]!, (string)part["messageID"]!, SessionId, Without(part, "id", "sessionID", "messageID"));

    private static string Without(JsonObject document, params ReadOnlySpan<string> names)
    {
        JsonObject rest = document.DeepClone().AsObject();
        foreach (string name in names) rest.Remove(name);
        return rest.ToJsonString();
    }

    private static void Run(SqliteConnection connection, string sql, params ReadOnlySpan<object> parameters)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        for (int i = 0; i < parameters.Length; i++) command.Parameters.AddWithValue($"${i + 1}", parameters[i]);
        command.ExecuteNonQuery();
    }
}
