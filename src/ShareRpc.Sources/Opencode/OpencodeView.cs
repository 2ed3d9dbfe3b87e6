using System.Text;
using Microsoft.Data.Sqlite;

namespace ShareRpc.Sources.Opencode;

/// <summary>One read transaction: rows and events of one moment.</summary>
internal sealed class OpencodeView : IDisposable
{
    private readonly SqliteConnection connection;
    private readonly SqliteTransaction transaction;
    private readonly bool hasEvents;
    private readonly bool hasTodos;

    public OpencodeView(SqliteConnection connection, bool hasEvents, bool hasTodos)
    {
        this.connection = connection;
        this.hasEvents = hasEvents;
        this.hasTodos = hasTodos;
        transaction = connection.BeginTransaction(deferred: true);
    }

    /// <summary>Returns null if deleted.</summary>
    public IReadOnlyDictionary<string, object?>? Session(string sessionId)
    {
        using SqliteCommand command = Command("SELECT * FROM session WHERE id = $id", sessionId);
        using SqliteDataReader reader = command.ExecuteReader();
        if (!reader.Read()) return null;
        var row = new Dictionary<string, object?>(StringComparer.Ordinal);
        for (int i = 0; i < reader.FieldCount; i++)
            row[reader.GetName(i)] = reader.IsDBNull(i) ? null : reader.GetValue(i);
        return row;
    }

    public List<DocumentRow> Messages(string sessionId) =>
        Rows("SELECT id, id, time_updated FROM message WHERE session_id = $id ORDER BY time_created, id", sessionId);

    /// <summary>Returns id order, which is creation order.</summary>
    public List<DocumentRow> Parts(string sessionId) =>
        Rows("SELECT id, message_id, time_updated FROM part WHERE session_id = $id ORDER BY id", sessionId);

    public byte[] MessageData(string id) => Data("SELECT CAST(data AS BLOB) FROM message WHERE id = $id", id);

    public byte[] PartData(string id) => Data("SELECT CAST(data AS BLOB) FROM part WHERE id = $id", id);

    /// <summary>Returns null if none of the last 10 messages is the assistant's.</summary>
    public (string Id, string State)? NewestTurn(string sessionId)
    {
        const string sql =
            "SELECT id, CAST(data AS BLOB) FROM message WHERE session_id = $id ORDER BY time_created DESC, id DESC "
                + "LIMIT 10";
        using SqliteCommand command = Command(sql, sessionId);
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            if (TurnDocument.StateOf(reader.GetFieldValue<byte[]>(1)) is { } state) return (reader.GetString(0), state);
        }

        return null;
    }

    public (int Messages, int Parts) Count(string sessionId)
    {
        const string sql =
            "SELECT (SELECT count(*) FROM message WHERE session_id = $id), (SELECT count(*) FROM part WHERE session_id "
            + "= $id)";
        using SqliteCommand command = Command(sql, sessionId);
        using SqliteDataReader reader = command.ExecuteReader();
        reader.Read();
        return (reader.GetInt32(0), reader.GetInt32(1));
    }

    public List<(string Content, string Status, string Priority)> Todos(string sessionId)
    {
        var todos = new List<(string, string, string)>();
        if (!hasTodos) return todos;
        using SqliteCommand command =
            Command("SELECT content, status, priority FROM todo WHERE session_id = $id ORDER BY position", sessionId);
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read()) todos.Add((reader.GetString(0), reader.GetString(1), reader.GetString(2)));
        return todos;
    }

    /// <summary>Returns (-1, "") if none.</summary>
    public (long Seq, string Id) LastEvent(string sessionId)
    {
        if (!hasEvents) return (-1, "");
        using SqliteCommand command =
            Command("SELECT seq, id FROM event WHERE aggregate_id = $id ORDER BY seq DESC LIMIT 1", sessionId);
        using SqliteDataReader reader = command.ExecuteReader();
        return reader.Read() ? (reader.GetInt64(0), reader.GetString(1)) : (-1, "");
    }

    public string? EventIdAt(string sessionId, long seq)
    {
        if (!hasEvents) return null;
        using SqliteCommand command =
            Command("SELECT id FROM event WHERE aggregate_id = $id AND seq = $seq", sessionId);
        command.Parameters.AddWithValue("$seq", seq);
        return command.ExecuteScalar() as string;
    }

    public IEnumerable<OpencodeEvent> EventsAfter(string sessionId, long seq)
    {
        if (!hasEvents) yield break;
        const string sql =
            "SELECT id, seq, type, CAST(data AS BLOB) FROM event WHERE aggregate_id = $id AND seq > $seq ORDER BY seq";
        using SqliteCommand command = Command(sql, sessionId);
        command.Parameters.AddWithValue("$seq", seq);
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
            yield return new OpencodeEvent(reader.GetString(0), reader.GetInt64(1), reader.GetString(2),
                reader.GetFieldValue<byte[]>(3));
    }

    public void Dispose() => transaction.Dispose();

    private List<DocumentRow> Rows(string sql, string sessionId)
    {
        using SqliteCommand command = Command(sql, sessionId);
        using SqliteDataReader reader = command.ExecuteReader();
        var rows = new List<DocumentRow>();
        while (reader.Read()) rows.Add(new DocumentRow(reader.GetString(0), reader.GetString(1), reader.GetInt64(2)));
        return rows;
    }

    private byte[] Data(string sql, string id)
    {
        using SqliteCommand command = Command(sql, id);
        return command.ExecuteScalar() switch
        {
            byte[] bytes => bytes,
            string text => Encoding.UTF8.GetBytes(text),
            _ => [],
        };
    }

    private SqliteCommand Command(string sql, string parameter)
    {
        SqliteCommand command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        command.Parameters.AddWithValue("$id", parameter);
        return command;
    }
}

/// <summary>
/// A message or part row without its data. <paramref name="MessageId"/> is the row's own id for a message.
/// </summary>
internal readonly record struct DocumentRow(string Id, string MessageId, long TimeUpdated);

internal sealed record OpencodeEvent(string Id, long Seq, string Type, ReadOnlyMemory<byte> Data);
