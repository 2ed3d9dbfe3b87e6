using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Sqlite;

namespace ShareRpc.Client.Writing.Outbox;

internal sealed class OutboxIntents(OutboxDatabase database, OutboxWrites writes)
{
    private readonly Statements sql = database.Statements;

    public void Add(long shareKey, string kind, string byCapId, object request)
    {
        writes.Write(() => Insert(shareKey, kind, byCapId, request));
        writes.Signal();
    }

    public IReadOnlyList<OutboxIntent> List(long shareKey, int limit)
    {
        lock (database.Gate)
        {
            return sql.ReadAll(
                """
                SELECT intent_id, share_key, kind, by_cap_id, request FROM intent
                WHERE share_key = ?1 AND code IS NULL ORDER BY intent_id LIMIT ?2
                """,
                row =>
                    new OutboxIntent(row.Number(0), row.Number(1), row.Text(2), row.Text(3), row.Text(4)),
                shareKey, limit);
        }
    }

    /// <summary>Returns what waits and what failed, oldest first.</summary>
    public IReadOnlyList<WriterRequest> ListAll(long shareKey)
    {
        lock (database.Gate)
        {
            return sql.ReadAll(
                """
                SELECT kind, COALESCE(request ->> '$.cap_id', ''), code FROM intent
                WHERE share_key = ?1 ORDER BY intent_id
                """,
                row => new WriterRequest(row.Text(0), row.Text(1), row.TextOrNull(2)), shareKey);
        }
    }

    public void Complete(OutboxIntent intent)
    {
        writes.Write(() =>
        {
            sql.Execute("DELETE FROM intent WHERE intent_id = ?1", intent.Id);
            if (intent.Kind == WriterRequest.CreateShare)
            {
                sql.Execute("UPDATE share SET is_created = 1 WHERE share_key = ?1", intent.ShareKey);
            }
        });
        writes.Signal();
    }

    public void Fail(OutboxIntent intent, string code)
    {
        writes.Write(() => sql.Execute("UPDATE intent SET code = ?2 WHERE intent_id = ?1", intent.Id, code));
        writes.Signal();
    }

    public void FailAll(long shareKey, string code)
    {
        writes.Write(
            () => sql.Execute("UPDATE intent SET code = ?2 WHERE share_key = ?1 AND code IS NULL", shareKey, code));
        writes.Signal();
    }

    public bool HasAny(long shareKey)
    {
        lock (database.Gate)
        {
            return sql.ReadNumber("SELECT EXISTS (SELECT 1 FROM intent WHERE share_key = ?1 AND code IS NULL)",
                shareKey) != 0;
        }
    }

    public long FindNewest(long shareKey)
    {
        lock (database.Gate)
        {
            return sql.ReadNumber("SELECT MAX(intent_id) FROM intent WHERE share_key = ?1 AND code IS NULL", shareKey);
        }
    }

    public void Insert(long shareKey, string kind, string byCapId, object request) => sql.Execute(
        "INSERT INTO intent (share_key, kind, by_cap_id, request) VALUES (?1, ?2, ?3, ?4)",
        shareKey, kind, byCapId, JsonSerializer.Serialize(request, request.GetType(), ProtocolJson.Options));
}
