using ShareRpc.Protocol.Ids;
using ShareRpc.Sqlite;

namespace ShareRpc.Client.Writing.Outbox;

/// <summary>
/// Rows leave only by an ack that names them or a permanent failure (I8). Thread-safe; several processes.
/// </summary>
internal sealed class OutboxFile : IDisposable
{
    private const string ShareColumns =
        "share_key, share_id, external_key, label, append_cap_id, viewer_cap_id, writer_id, is_created, closed_code, "
            + "cursor, "
        + "applied, duplicates";
    private readonly OutboxDatabase database;
    private readonly OutboxWrites writes;
    private readonly Statements sql;
    private readonly string server;
    private readonly OutboxRows rows;

    public OutboxFile(string path, string server, long maxBytes)
    {
        this.server = server;
        database = new OutboxDatabase(path);
        writes = new OutboxWrites(database);
        sql = database.Statements;
        rows = new OutboxRows(sql);
        Intents = new OutboxIntents(database, writes);
        Imports = new OutboxImports(database, writes, server);
        Missing = new OutboxMissing(database, writes);
        Refused = new OutboxRefused(database, writes, rows, server);
        Queue = new OutboxQueue(
            database, writes, rows, new OutboxBatches(database, rows, Refused), Refused, maxBytes);
    }

    public OutboxQueue Queue { get; }

    public OutboxRefused Refused { get; }

    public OutboxIntents Intents { get; }

    public OutboxImports Imports { get; }

    public OutboxMissing Missing { get; }

    /// <summary>Take it before reading.</summary>
    public Task Changed => writes.Changed;

    public long DataVersion
    {
        get
        {
            lock (database.Gate) return sql.ReadNumber("PRAGMA data_version");
        }
    }

    public void Dispose() => database.Dispose();

    /// <summary>
    /// Makes what was deleted, as acknowledged ops are, unreadable in the file and its log, if no other process reads.
    /// </summary>
    public void Purge()
    {
        if (database.Log.PurgeAsync().IsCompleted) return; // nothing was written since
        lock (database.Gate)
        {
            database.Begin();
            database.Rollback();
        }
    }

    public IReadOnlyList<OutboxShare> ListShares()
    {
        lock (database.Gate)
        {
            return sql.ReadAll($"SELECT {ShareColumns} FROM share WHERE server = ?1 ORDER BY share_key", ReadShare,
                server);
        }
    }

    public OutboxShare GetShare(long shareKey)
    {
        lock (database.Gate) return sql.ReadAll($"SELECT {ShareColumns} FROM share WHERE share_key = ?1", ReadShare,
            shareKey)[0];
    }

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

    /// <summary>An existing share of this external key wins.</summary>
    public OutboxShare AddShare(OutboxShare share,
        params ReadOnlySpan<(string Kind, string ByCapId, object Request)> intents)
    {
        (string Kind, string ByCapId, object Request)[] toStore = intents.ToArray();
        OutboxShare stored = writes.Write(() =>
        {
            int added = sql.Execute(
                """
                INSERT INTO share (
                  share_id, external_key, server, label, append_cap_id, viewer_cap_id, writer_id, is_created)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (server, external_key) DO NOTHING
                """,
                share.ShareId, share.ExternalKey, server, share.Label, share.AppendCapId, share.ViewerCapId,
                    RandomId.New(),
                share.IsCreated ? 1 : 0);
            OutboxShare row = sql.ReadAll(
                $"SELECT {ShareColumns} FROM share WHERE server = ?1 AND external_key = ?2", ReadShare, server,
                    share.ExternalKey)[0];
            if (added == 0) return row;
            foreach ((string kind, string byCapId, object request) in toStore) Intents.Insert(row.Key, kind, byCapId,
                request);
            return row;
        });
        writes.Signal();
        return stored;
    }

    public IReadOnlyList<long> ListWork()
    {
        const string Sql = """
            SELECT share_key FROM share s WHERE server = ?1 AND (
              EXISTS (SELECT 1 FROM intent i WHERE i.share_key = s.share_key AND i.code IS NULL)
              OR (closed_code IS NULL AND EXISTS (
                SELECT 1 FROM op o WHERE o.row_id BETWEEN s.share_key << 40 AND ((s.share_key + 1) << 40) - 1)))
            """;
        lock (database.Gate) return sql.ReadAll(Sql, row => row.Number(0), server);
    }

    public bool HasWork(long shareKey)
    {
        lock (database.Gate) return rows.LastRow(shareKey) != 0 || Intents.HasAny(shareKey);
    }

    /// <summary>Unsent rows have no gaps.</summary>
    public (long Pending, long InFlight, long Failed, long Waiting, long FailedRequests) Count(long shareKey)
    {
        lock (database.Gate)
        {
            long lastSent = OutboxRows.RowOf(shareKey, rows.LastSentSeq(shareKey));
            long last = rows.LastRow(shareKey);
            long pending = last <= lastSent ? 0 : 1 + last - rows.FirstRow(shareKey, OutboxRows.SeqOf(lastSent));
            Dictionary<long, long> refused = sql.ReadAll(
                    "SELECT state, COUNT(*) FROM refused WHERE share_key = ?1 GROUP BY state",
                    row => (row.Number(0), row.Number(1)), shareKey)
                .ToDictionary(pair => pair.Item1, pair => pair.Item2);
            return (
                pending,
                    sql.ReadNumber("SELECT COUNT(*) FROM op WHERE row_id BETWEEN ?1 AND ?2",
                        OutboxRows.RowOf(shareKey, 0),
                        lastSent),
                refused.GetValueOrDefault(OutboxRefused.Failed), refused.GetValueOrDefault(OutboxRefused.Waiting),
                sql.ReadNumber("SELECT COUNT(*) FROM intent WHERE share_key = ?1 AND code IS NOT NULL", shareKey));
        }
    }

    /// <summary>Returns the number of failed ops and requests of each share that has some.</summary>
    public IReadOnlyDictionary<long, long> CountFailed()
    {
        const string Sql = """
            SELECT share_key, COUNT(*) FROM (
              SELECT share_key FROM refused WHERE state = 2
              UNION ALL SELECT share_key FROM intent WHERE code IS NOT NULL)
            GROUP BY share_key
            """;
        lock (database.Gate)
            return sql.ReadAll(Sql, row => (row.Number(0), row.Number(1))).ToDictionary(pair => pair.Item1,
                pair => pair.Item2);
    }

    public string? ReadBookmark(long shareKey, string name)
    {
        lock (database.Gate) return sql.ReadText("SELECT value FROM bookmark WHERE share_key = ?1 AND name = ?2",
            shareKey, name);
    }

    public string? ReadLastError(long shareKey)
    {
        lock (database.Gate)
        {
            return sql.ReadText("SELECT closed_code FROM share WHERE share_key = ?1", shareKey)
                ?? sql.ReadText(
                    "SELECT code FROM refused WHERE share_key = ?1 AND state = 2 ORDER BY row_id DESC LIMIT 1",
                        shareKey)
                ?? sql.ReadText(
                    "SELECT code FROM intent WHERE share_key = ?1 AND code IS NOT NULL ORDER BY intent_id DESC LIMIT 1",
                        shareKey);
        }
    }

    /// <summary>
    /// Takes or renews the lease by which one process at a time sends: true when it is held until <paramref
    /// name="nowMs"/> plus
    /// <paramref name="lengthMs"/>.
    /// </summary>
    /// <param name="holder">The id of this process's sender.</param>
    /// <param name="nowMs">The time, in milliseconds since 1970.</param>
    /// <param name="lengthMs">How long it is held without being renewed.</param>
    /// <param name="dead">A holder known to have ended, whose lease is taken before its end; null for none.</param>
    public bool TryHoldLease(string holder, long nowMs, long lengthMs, string? dead = null) => writes.Write(() =>
        1 == sql.Execute(
        """
        INSERT INTO lease (server, holder, expires_ms) VALUES (?1, ?2, ?3)
        ON CONFLICT (server) DO UPDATE SET holder = excluded.holder, expires_ms = excluded.expires_ms
        WHERE holder = ?2 OR expires_ms <= ?4 OR holder = ?5
        """,
        server, holder, nowMs + lengthMs, nowMs, dead));

    public string? FindLeaseHolder()
    {
        lock (database.Gate) return sql.ReadText("SELECT holder FROM lease WHERE server = ?1", server);
    }

    public void ReleaseLease(string holder) =>
        writes.Write(() => sql.Execute("DELETE FROM lease WHERE server = ?1 AND holder = ?2", server, holder));

    /// <summary>
    /// Deletes a share with all that waits, unless its create was acknowledged or a process sends; returns whether it
    /// did.
    /// </summary>
    public bool TryForget(long shareKey, long nowMs)
    {
        bool isForgotten = writes.Write(() =>
        {
            long isKept = sql.ReadNumber(
                """
                SELECT EXISTS (SELECT 1 FROM share WHERE share_key = ?1 AND is_created = 1)
                  OR EXISTS (SELECT 1 FROM lease WHERE server = ?2 AND expires_ms > ?3)
                """,
                shareKey, server, nowMs);
            if (isKept != 0) return false;
            foreach (string table in (string[])["op", "batch", "refused", "intent", "bookmark", "share"])
                sql.Execute($"DELETE FROM {table} WHERE share_key = ?1", shareKey);
            return true;
        });
        writes.Signal();
        return isForgotten;
    }

    public void Signal() => writes.Signal();

    private static OutboxShare ReadShare(Rows row) => new()
    {
        Key = row.Number(0), ShareId = row.Text(1), ExternalKey = row.Text(2), Label = row.TextOrNull(3),
        AppendCapId = row.Text(4),
        ViewerCapId = row.TextOrNull(5), WriterId = row.Text(6), IsCreated = row.Number(7) == 1,
            ClosedCode = row.TextOrNull(8),
        Cursor = row.Number(9),
        Applied = row.Number(10), Duplicates = row.Number(11),
    };
}
