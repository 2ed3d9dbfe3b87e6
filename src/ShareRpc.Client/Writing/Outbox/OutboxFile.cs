using ShareRpc.Sqlite;

namespace ShareRpc.Client.Writing.Outbox;

/// <summary>
/// The durable queue of one server's shares on this machine. The table is the queue: there is no list in memory beside it. A row leaves
/// pending or in-flight only by an ack that names it or by an explicit permanent failure (I8). Any thread; several processes.
/// </summary>
internal sealed partial class OutboxFile : IDisposable
{
    private const int Failed = 2;
    private const int Waiting = 3;

    /// <summary>Bits of a row's id that are its seq; those above are its share's key.</summary>
    private const int SeqBits = 40;
    private const long MaxSeq = (1L << SeqBits) - 1;

    /// <summary>What an op takes along wherever it goes, in the order in which <see cref="ReadOp"/> reads it.</summary>
    private const string OpContent = "op_id, verb, kind, key, depends_on, if_changed, data, atomic_group";

    private const string ShareColumns =
        "share_key, share_id, external_key, label, append_cap_id, viewer_cap_id, writer_id, is_created, closed_code, cursor, "
        + "applied, duplicates";

    private readonly OutboxDatabase database;
    private readonly OutboxWrites writes;
    private readonly Statements sql;
    private readonly string server;
    private readonly long maxBytes;
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public OutboxFile(string path, string server, long maxBytes)
    {
        this.server = server;
        this.maxBytes = maxBytes;
        database = new OutboxDatabase(path);
        writes = new OutboxWrites(database, Signal);
        sql = database.Statements;
    }

    /// <summary>Ends at the next change made through this object: take it before looking.</summary>
    public Task Changed => Volatile.Read(ref changed).Task;

    /// <summary>Moves when another process changed the file.</summary>
    public long DataVersion
    {
        get
        {
            lock (database.Gate) return sql.ReadNumber("PRAGMA data_version");
        }
    }

    public void Dispose() => database.Dispose();

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

    /// <summary>Shares that have ops or intents to send.</summary>
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
        lock (database.Gate) return LastRow(shareKey) != 0 || HasIntents(shareKey);
    }

    /// <summary>
    /// Rows of a share by state. Rows behind the last batch were never sent and have no gaps, so that nobody counts them.
    /// </summary>
    public (long Pending, long InFlight, long Failed, long Waiting) CountOps(long shareKey)
    {
        lock (database.Gate)
        {
            long lastSent = RowOf(shareKey, LastSentSeq(shareKey));
            long last = LastRow(shareKey);
            long pending = last <= lastSent ? 0 : 1 + last - FirstRow(shareKey, SeqOf(lastSent));
            Dictionary<long, long> refused = sql.ReadAll(
                    "SELECT state, COUNT(*) FROM refused WHERE share_key = ?1 GROUP BY state",
                    row => (row.Number(0), row.Number(1)), shareKey)
                .ToDictionary(pair => pair.Item1, pair => pair.Item2);
            return (
                pending,
                    sql.ReadNumber("SELECT COUNT(*) FROM op WHERE row_id BETWEEN ?1 AND ?2", RowOf(shareKey, 0),
                        lastSent),
                refused.GetValueOrDefault(Failed), refused.GetValueOrDefault(Waiting));
        }
    }

    public string? ReadBookmark(long shareKey, string name)
    {
        lock (database.Gate) return sql.ReadText("SELECT value FROM bookmark WHERE share_key = ?1 AND name = ?2",
            shareKey, name);
    }

    /// <summary>The newest reason for which something failed for good; null when nothing did.</summary>
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

    public void Signal() =>
        Interlocked.Exchange(ref changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    private static OutboxShare ReadShare(Rows row) => new()
    {
        Key = row.Number(0), ShareId = row.Text(1), ExternalKey = row.Text(2), Label = row.TextOrNull(3),
        AppendCapId = row.Text(4),
        ViewerCapId = row.TextOrNull(5), WriterId = row.Text(6), IsCreated = row.Number(7) == 1,
            ClosedCode = row.TextOrNull(8),
        Cursor = row.Number(9),
        Applied = row.Number(10), Duplicates = row.Number(11),
    };

    private static long RowOf(long shareKey, long seq) => (shareKey << SeqBits) | seq;

    private static long SeqOf(long row) => row & MaxSeq;

    /// <summary>The newest row of a share; 0 when there is none.</summary>
    private long LastRow(long shareKey) =>
        sql.ReadNumber("SELECT row_id FROM op WHERE row_id BETWEEN ?1 AND ?2 ORDER BY row_id DESC LIMIT 1",
            RowOf(shareKey, 0), RowOf(shareKey, MaxSeq));

    /// <summary>The oldest row of a share after a seq; 0 when there is none.</summary>
    private long FirstRow(long shareKey, long afterSeq) =>
        sql.ReadNumber("SELECT row_id FROM op WHERE row_id BETWEEN ?1 AND ?2 ORDER BY row_id LIMIT 1",
            RowOf(shareKey, afterSeq + 1), RowOf(shareKey, MaxSeq));

    /// <summary>The end of the last batch of a share that is not settled; 0 when there is none.</summary>
    private long LastSentSeq(long shareKey) =>
        sql.ReadNumber("SELECT last_seq FROM batch WHERE share_key = ?1 ORDER BY first_seq DESC LIMIT 1", shareKey);

    /// <summary>The seq of the next op. Rows that left have raised the share's own number, so that none is used twice.</summary>
    private long NextSeq(long shareKey)
    {
        long next = sql.ReadNumber("SELECT next_seq FROM share WHERE share_key = ?1", shareKey);
        return Math.Max(next, SeqOf(LastRow(shareKey)) + 1);
    }
}
