using Microsoft.Data.Sqlite;

namespace ShareRpc.Sources.Opencode2;

/// <summary>Reads what is kept beside the messages: prompts that wait, and the to-do list of version 1.</summary>
internal static class Inbox
{
    private const int MostWaiting = 64;

    /// <summary>Returns the prompts of a session that OpenCode has not taken up, oldest first.</summary>
    public static IReadOnlyList<MessageRow> Of(Opencode2Database source, string sessionId)
    {
        if (!source.Has("session_inbox", "id", "session_id", "type", "payload", "enqueued_seq", "time_created"))
            return [];
        const string sql = """
            SELECT id, type, enqueued_seq, time_created, CAST(payload AS BLOB) FROM session_inbox
            WHERE session_id = $id AND type IN ('user', 'synthetic') ORDER BY enqueued_seq LIMIT $most
            """;
        return [.. source.Query(sql, ("$id", sessionId), ("$most", MostWaiting)).Select(Row)];
    }

    /// <summary>Returns the to-do list that a session had when it was migrated.</summary>
    public static IReadOnlyList<(string Content, string Status, string Priority)> TodosBefore(
        Opencode2Database source, string sessionId)
    {
        if (!source.Has("todo", "session_id", "content", "status", "priority", "position")) return [];
        const string sql = "SELECT content, status, priority FROM todo WHERE session_id = $id ORDER BY position";
        return [.. source.Query(sql, ("$id", sessionId)).Select(row => (row.GetString(0), row.GetString(1),
            row.GetString(2)))];
    }

    private static MessageRow Row(SqliteDataReader row)
    {
        long created = row.GetInt64(3);
        return new MessageRow(
            row.GetString(0), row.GetString(1), row.GetInt64(2), created, created, row.GetFieldValue<byte[]>(4));
    }
}
