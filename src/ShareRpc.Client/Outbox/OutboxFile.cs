using System.Text.Json;
using Microsoft.Data.Sqlite;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Client.Outbox;

/// <summary>
/// The durable queue of one server's shares on this machine. The table is the queue: there is no list in memory beside it. A row leaves
/// pending or in-flight only by an ack that names it or by an explicit permanent failure (I8). Any thread; several processes.
/// </summary>
internal sealed partial class OutboxFile(string path, string server, long maxBytes) : IDisposable
{
    private const int Pending = 0;
    private const int InFlight = 1;
    private const int Failed = 2;
    private const int Waiting = 3;

    private const string ShareColumns =
        "share_key, share_id, external_key, label, append_cap_id, viewer_cap_id, writer_id, is_created, closed_code, cursor, "
        + "applied, duplicates";

    private const string OpColumns = "op_id, seq, verb, kind, key, data, depends_on, if_changed";

    private readonly OutboxDatabase database = new(path);
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends at the next change made through this object: take it before looking.</summary>
    public Task Changed => Volatile.Read(ref changed).Task;

    /// <summary>Moves when another process changed the file.</summary>
    public long DataVersion
    {
        get
        {
            lock (database.Gate) return database.ReadNumber("PRAGMA data_version");
        }
    }

    public void Dispose() => database.Dispose();

    public IReadOnlyList<OutboxShare> ListShares()
    {
        lock (database.Gate)
        {
            return database.Read($"SELECT {ShareColumns} FROM share WHERE server = $1 ORDER BY share_key", ReadShare, server);
        }
    }

    public OutboxShare GetShare(long shareKey)
    {
        lock (database.Gate) return database.Read($"SELECT {ShareColumns} FROM share WHERE share_key = $1", ReadShare, shareKey)[0];
    }

    /// <summary>Shares that have ops or intents to send.</summary>
    public IReadOnlyList<long> ListWork()
    {
        const string Sql = """
            SELECT share_key FROM share s WHERE server = $1 AND (
              EXISTS (SELECT 1 FROM intent i WHERE i.share_key = s.share_key AND i.code IS NULL)
              OR (closed_code IS NULL AND (EXISTS (SELECT 1 FROM op o WHERE o.share_key = s.share_key AND o.state = 0)
                OR EXISTS (SELECT 1 FROM op o WHERE o.share_key = s.share_key AND o.state = 1))))
            """;
        lock (database.Gate) return database.Read(Sql, row => row.GetInt64(0), server);
    }

    public bool HasWork(long shareKey)
    {
        lock (database.Gate)
        {
            return database.ReadNumber(
                """
                SELECT EXISTS (SELECT 1 FROM op WHERE share_key = $1 AND state = 0)
                  OR EXISTS (SELECT 1 FROM op WHERE share_key = $1 AND state = 1)
                  OR EXISTS (SELECT 1 FROM intent WHERE share_key = $1 AND code IS NULL)
                """,
                shareKey) != 0;
        }
    }

    /// <summary>Rows of a share by state.</summary>
    public (long Pending, long InFlight, long Failed, long Waiting) CountOps(long shareKey)
    {
        lock (database.Gate)
        {
            Dictionary<long, long> counts = database
                .Read(
                    "SELECT state, COUNT(*) FROM op WHERE share_key = $1 GROUP BY state",
                    row => (row.GetInt64(0), row.GetInt64(1)), shareKey)
                .ToDictionary(pair => pair.Item1, pair => pair.Item2);
            return (
                counts.GetValueOrDefault(Pending), counts.GetValueOrDefault(InFlight), counts.GetValueOrDefault(Failed),
                counts.GetValueOrDefault(Waiting));
        }
    }

    public string? ReadBookmark(long shareKey, string name)
    {
        lock (database.Gate) return database.ReadText("SELECT value FROM bookmark WHERE share_key = $1 AND name = $2", shareKey, name);
    }

    /// <summary>The newest reason for which something failed for good; null when nothing did.</summary>
    public string? ReadLastError(long shareKey)
    {
        lock (database.Gate)
        {
            return database.ReadText("SELECT closed_code FROM share WHERE share_key = $1", shareKey)
                ?? database.ReadText("SELECT code FROM op WHERE share_key = $1 AND state = 2 ORDER BY row_id DESC LIMIT 1", shareKey)
                ?? database.ReadText(
                    "SELECT code FROM intent WHERE share_key = $1 AND code IS NOT NULL ORDER BY intent_id DESC LIMIT 1", shareKey);
        }
    }

    public void Signal() =>
        Interlocked.Exchange(ref changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    private static string? Text(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static OutboxShare ReadShare(SqliteDataReader row) => new()
    {
        Key = row.GetInt64(0), ShareId = row.GetString(1), ExternalKey = row.GetString(2), Label = Text(row, 3),
        AppendCapId = row.GetString(4),
        ViewerCapId = Text(row, 5), WriterId = row.GetString(6), IsCreated = row.GetInt64(7) == 1, ClosedCode = Text(row, 8),
        Cursor = row.GetInt64(9),
        Applied = row.GetInt64(10), Duplicates = row.GetInt64(11),
    };

    private static OpIntent ReadOp(SqliteDataReader row) => new()
    {
        OpId = row.GetString(0), Seq = row.GetInt64(1), Verb = row.GetString(2), Kind = row.GetString(3), Key = row.GetString(4),
        Data = row.IsDBNull(5) ? null : new RawJson(row.GetFieldValue<byte[]>(5)),
        DependsOn = Text(row, 6) is { } json ? JsonSerializer.Deserialize<string[]>(json) : null,
        IfChanged = row.GetInt64(7) == 1 ? true : null,
    };
}
