using System.Text.Json;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Client.Writing.Outbox;

internal sealed partial class OutboxFile
{
    public OutboxShare? FindShare(string externalKey)
    {
        lock (database.Gate)
        {
            return sql.ReadAll(
                $"SELECT {ShareColumns} FROM share WHERE server = ?1 AND external_key = ?2", ReadShare, server,
                    externalKey)
                .FirstOrDefault();
        }
    }

    /// <summary>
    /// Stores a share, with the intents that make it real, in one transaction; the one that is there already under its external key wins.
    /// </summary>
    public OutboxShare AddShare(OutboxShare share, params ReadOnlySpan<(string Kind, string ByCapId, object Request)> intents)
    {
        (string Kind, string ByCapId, object Request)[] toStore = intents.ToArray();
        OutboxShare stored = writes.Write(() =>
        {
            int added = sql.Execute(
                """
                INSERT INTO share (share_id, external_key, server, label, append_cap_id, viewer_cap_id, writer_id, is_created)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (server, external_key) DO NOTHING
                """,
                share.ShareId, share.ExternalKey, server, share.Label, share.AppendCapId, share.ViewerCapId, RandomId.New(),
                share.IsCreated ? 1 : 0);
            OutboxShare row = sql.ReadAll(
                $"SELECT {ShareColumns} FROM share WHERE server = ?1 AND external_key = ?2", ReadShare, server,
                    share.ExternalKey)[0];
            if (added == 0) return row;
            foreach ((string kind, string byCapId, object request) in toStore) InsertIntent(row.Key, kind, byCapId, request);
            return row;
        });
        Signal();
        return stored;
    }

    public void AddIntent(long shareKey, string kind, string byCapId, object request)
    {
        writes.Write(() => InsertIntent(shareKey, kind, byCapId, request));
        Signal();
    }

    /// <summary>The intents of a share that are to be sent, oldest first.</summary>
    public IReadOnlyList<OutboxIntent> ListIntents(long shareKey, int limit)
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

    /// <summary>The server did it; a created share can be redeemed from now on.</summary>
    public void CompleteIntent(OutboxIntent intent)
    {
        writes.Write(() =>
        {
            sql.Execute("DELETE FROM intent WHERE intent_id = ?1", intent.Id);
            if (intent.Kind == OutboxIntent.CreateShare)
            {
                sql.Execute("UPDATE share SET is_created = 1 WHERE share_key = ?1", intent.ShareKey);
            }
        });
        Signal();
    }

    public void FailIntent(OutboxIntent intent, string code)
    {
        writes.Write(() => sql.Execute("UPDATE intent SET code = ?2 WHERE intent_id = ?1", intent.Id, code));
        Signal();
    }

    /// <summary>None of a share's intents will be sent, unless somebody retries them.</summary>
    public void FailIntents(long shareKey, string code)
    {
        writes.Write(
            () => sql.Execute("UPDATE intent SET code = ?2 WHERE share_key = ?1 AND code IS NULL", shareKey, code));
        Signal();
    }

    public bool HasIntents(long shareKey)
    {
        lock (database.Gate)
        {
            return sql.ReadNumber("SELECT EXISTS (SELECT 1 FROM intent WHERE share_key = ?1 AND code IS NULL)",
                shareKey) != 0;
        }
    }

    /// <summary>Grows with each intent that is added; 0 when there is none.</summary>
    public long FindNewestIntent(long shareKey)
    {
        lock (database.Gate)
        {
            return sql.ReadNumber("SELECT MAX(intent_id) FROM intent WHERE share_key = ?1 AND code IS NULL", shareKey);
        }
    }

    /// <summary>
    /// Takes or renews the lease by which one process at a time sends: true when it is held until <paramref name="nowMs"/> plus
    /// <paramref name="lengthMs"/>.
    /// </summary>
    public bool TryHoldLease(string holder, long nowMs, long lengthMs) => writes.Write(() => 1 == sql.Execute(
        """
        INSERT INTO lease (server, holder, expires_ms) VALUES (?1, ?2, ?3)
        ON CONFLICT (server) DO UPDATE SET holder = excluded.holder, expires_ms = excluded.expires_ms WHERE holder = ?2 OR expires_ms <= ?4
        """,
        server, holder, nowMs + lengthMs, nowMs));

    public void ReleaseLease(string holder) =>
        writes.Write(() => sql.Execute("DELETE FROM lease WHERE server = ?1 AND holder = ?2", server, holder));

    private void InsertIntent(long shareKey, string kind, string byCapId, object request) => sql.Execute(
        "INSERT INTO intent (share_key, kind, by_cap_id, request) VALUES (?1, ?2, ?3, ?4)",
        shareKey, kind, byCapId, JsonSerializer.Serialize(request, request.GetType(), ProtocolJson.Options));
}
