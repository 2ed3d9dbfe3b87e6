using System.Text.Json;
using Microsoft.Data.Sqlite;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>The reads, over the prepared statements of whichever connection and transaction they run in.</summary>
internal abstract class SqliteReads(Statements statements) : IReadSnapshot
{
    private const string ShareColumns =
        "s.share_key, s.share_id, s.owner_ref_key, s.creator_key, s.label, s.state, s.folded, s.created_ms, s.scanned, s.compacted";

    private const string RefColumns =
        "ref_key, cap_id, share_key, parent_key, parent_epoch, depth, rights, caveats, epoch, label, verifier, "
        + "created_ms, revoked_ms, suspended_ms, retired_ms, passphrase, uses, used_ms, last_redeemed_ms, grant_ends_ms";

    protected Statements Statements => statements;

    public abstract void Dispose();

    public ShareRow? FindShare(string shareId) => ReadOne($"SELECT {ShareColumns} FROM share s WHERE share_id = $1", ReadShare, shareId);

    public ShareRow? FindShare(long shareKey) => ReadOne($"SELECT {ShareColumns} FROM share s WHERE share_key = $1", ReadShare, shareKey);

    public RefRow? FindRef(string capId) => ReadOne($"SELECT {RefColumns} FROM sturdy_ref WHERE cap_id = $1", ReadRef, capId);

    public RefRow? FindRef(long refKey) => ReadOne($"SELECT {RefColumns} FROM sturdy_ref WHERE ref_key = $1", ReadRef, refKey);

    public IReadOnlyList<RefRow> ReadChain(long refKey)
    {
        var chain = new List<RefRow>();
        for (long? key = refKey; key is { } next; key = chain[^1].ParentKey) chain.Add(FindRef(next)!);
        return chain;
    }

    public WriterRow? FindWriter(long shareKey, string writerId) => ReadOne(
        "SELECT writer_key, writer_id, ref_key, acked_seq FROM writer WHERE share_key = $1 AND writer_id = $2",
        row => new WriterRow(row.GetInt64(0), row.GetString(1), row.GetInt64(2), row.GetInt64(3)), shareKey, writerId);

    public long ReadHead(long shareKey) =>
        ReadOne("SELECT COALESCE(MAX(cursor), 0) FROM op WHERE share_key = $1", row => new StrongBox(row.GetInt64(0)), shareKey)!.Value;

    public IReadOnlyList<LoggedOp> ReadOps(long shareKey, long after, int limit, int maxBytes) =>
        statements.LogReads.ReadOps(shareKey, after, limit, maxBytes);

    public (string Verb, ReadOnlyMemory<byte>? Data, long? WriterKey) ReadOpContent(long shareKey, long cursor) =>
        statements.LogReads.ReadOpContent(shareKey, cursor);

    public IReadOnlyList<TailOp> ReadTail(long shareKey, long after, int limit) => statements.LogReads.ReadTail(shareKey, after, limit);

    public StoredDoc? FindDoc(long shareKey, string kind, string key) => statements.LogReads.FindDoc(shareKey, kind, key);

    public DocumentMeasure ReadDocMeasure(long shareKey, string kind, string key) => ReadOne(
        "SELECT size, class FROM doc WHERE share_key = $1 AND kind = $2 AND key = $3",
        row => new DocumentMeasure(row.GetInt64(0), (ContentClass)row.GetInt32(1)), shareKey, kind, key) ?? DocumentMeasure.None;

    public IReadOnlyList<StoredDoc> ReadDocs(long shareKey, string? kind, DocKey? after, int limit, int maxBytes) =>
        statements.LogReads.ReadDocs(shareKey, kind, after, limit, maxBytes);

    public IReadOnlyList<ShareListRow> ReadShares(long? creatorKey, long after, int limit)
    {
        const string Sql = $"""
            SELECT {ShareColumns}, r.cap_id,
              COALESCE((SELECT MAX(cursor) FROM op o WHERE o.share_key = s.share_key), 0),
              (SELECT time_ms FROM op o WHERE o.share_key = s.share_key ORDER BY cursor DESC LIMIT 1)
            FROM share s JOIN sturdy_ref r ON r.ref_key = s.owner_ref_key
            """;
        return creatorKey is null
            ? ReadAll($"{Sql} WHERE s.share_key > $1 ORDER BY s.share_key LIMIT $2", ReadListedShare, after, limit)
            : ReadAll($"{Sql} WHERE s.share_key > $1 AND s.creator_key = $3 ORDER BY s.share_key LIMIT $2", ReadListedShare, after, limit,
                creatorKey);
    }

    public IReadOnlyList<RefRow> ReadRefs(RefScope scope, long after, int limit)
    {
        if (scope.ShareKey is not null)
        {
            return ReadAll(
                $"SELECT {RefColumns} FROM sturdy_ref WHERE share_key = $1 AND ref_key > $2 ORDER BY ref_key LIMIT $3",
                ReadRef, scope.ShareKey, after, limit);
        }

        const string OfCreator = $"""
            WITH RECURSIVE reach (key) AS (
              SELECT $1 UNION ALL SELECT child.ref_key FROM reach JOIN sturdy_ref child ON child.parent_key = reach.key)
            SELECT {RefColumns} FROM sturdy_ref WHERE ref_key IN (SELECT key FROM reach) AND ref_key > $2 ORDER BY ref_key LIMIT $3
            """;
        return scope.CreatorKey is not null
            ? ReadAll(OfCreator, ReadRef, scope.CreatorKey, after, limit)
            : ReadAll($"SELECT {RefColumns} FROM sturdy_ref WHERE ref_key > $1 ORDER BY ref_key LIMIT $2", ReadRef, after, limit);
    }

    public IReadOnlyList<AuditEntry> ReadAudit(RefScope scope, long after, int limit, bool newestFirst = false)
    {
        const string Sql = """
            SELECT a.position, a.time_ms, a.action,
              COALESCE(actor.cap_id, (SELECT cap_id FROM gone_ref WHERE ref_key = a.actor_key)), s.share_id,
              COALESCE(subject.cap_id, (SELECT cap_id FROM gone_ref WHERE ref_key = a.subject_key)),
              a.address, a.code, a.count, a.bytes
            FROM audit a LEFT JOIN sturdy_ref actor ON actor.ref_key = a.actor_key LEFT JOIN share s ON s.share_key = a.share_key
              LEFT JOIN sturdy_ref subject ON subject.ref_key = a.subject_key
            """;
        string page = newestFirst ? "a.position < $1 ORDER BY a.position DESC LIMIT $2" : "a.position > $1 ORDER BY a.position LIMIT $2";
        const string Concerned = """
            WITH RECURSIVE reach (key) AS (
              SELECT $4 UNION ALL SELECT child.ref_key FROM reach JOIN sturdy_ref child ON child.parent_key = reach.key
              UNION ALL SELECT gone.ref_key FROM reach JOIN gone_ref gone ON gone.parent_key = reach.key)
            """;
        long from = newestFirst && after == 0 ? long.MaxValue : after;
        if (scope is { ShareKey: { } within, CreatorKey: { } refKey })
        {
            const string Reached = "(a.actor_key IN (SELECT key FROM reach) OR a.subject_key IN (SELECT key FROM reach))";
            return ReadAll(
                $"{Concerned} {Sql} WHERE a.share_key = $3 AND {Reached} AND {page}", ReadAuditEntry, from, limit, within, refKey);
        }

        if (scope.ShareKey is { } share) return ReadAll($"{Sql} WHERE a.share_key = $3 AND {page}", ReadAuditEntry, from, limit, share);
        return scope.CreatorKey is { } creator
            ? ReadAll($"{Sql} WHERE (s.creator_key = $3 OR a.actor_key = $3) AND {page}", ReadAuditEntry, from, limit, creator)
            : ReadAll($"{Sql} WHERE {page}", ReadAuditEntry, from, limit);
    }

    public IReadOnlyList<OpenTurnRow> ReadOpenTurns(long afterShare, string afterKey, int limit) => ReadAll(
        """
        SELECT t.share_key, t.key, t.cursor, w.writer_id, w.acked_seq FROM open_turn t JOIN writer w ON w.writer_key = t.writer_key
        WHERE (t.share_key, t.key) > ($1, $2) ORDER BY t.share_key, t.key LIMIT $3
        """,
        row => new OpenTurnRow(row.GetInt64(0), row.GetString(1), row.GetInt64(2), row.GetString(3), row.GetInt64(4)),
        afterShare, afterKey, limit);

    public long? FindUnerasedShare() => ReadOne(
        """
        SELECT s.share_key FROM share s WHERE s.state = 2 AND (EXISTS (SELECT 1 FROM op o WHERE o.share_key = s.share_key)
          OR EXISTS (SELECT 1 FROM doc d WHERE d.share_key = s.share_key)
          OR EXISTS (SELECT 1 FROM rejection j WHERE j.share_key = s.share_key)
          OR EXISTS (SELECT 1 FROM writer w JOIN writer_run r ON r.writer_key = w.writer_key WHERE w.share_key = s.share_key)) LIMIT 1
        """,
        row => new StrongBox(row.GetInt64(0)))?.Value;

    public SessionShareRow? FindSessionShare(long creatorKey, string sessionId) => ReadOne(
        """
        SELECT share_key, creator_key, session_id FROM session_share WHERE creator_key = $1 AND session_id = $2
        ORDER BY share_key DESC LIMIT 1
        """,
        ReadSessionShare, creatorKey, sessionId);

    public SessionShareRow? FindSessionShare(long shareKey) => ReadOne(
        "SELECT share_key, creator_key, session_id FROM session_share WHERE share_key = $1", ReadSessionShare, shareKey);

    public IReadOnlyList<RefRow> ReadSessionRefs(long shareKey) => ReadAll(
        $"""
        SELECT {RefColumns} FROM sturdy_ref WHERE ref_key IN (SELECT ref_key FROM session_ref WHERE share_key = $1) ORDER BY ref_key
        """,
        ReadRef, shareKey);

    public IReadOnlyList<byte[]> ReadFormerVerifiers(long refKey, int limit) => ReadAll(
        "SELECT verifier FROM former_secret WHERE ref_key = $1 ORDER BY epoch DESC LIMIT $2",
        row => row.GetFieldValue<byte[]>(0), refKey, limit);

    public int CountGrants(RefRow link, long nowMs, int most) => (int)ReadOne(
        """
        SELECT COUNT(*) FROM (SELECT 1 FROM sturdy_ref
          WHERE parent_key = $1 AND grant_ends_ms > $3 AND parent_epoch = $2 AND revoked_ms IS NULL LIMIT $4)
        """,
        row => new StrongBox(row.GetInt64(0)), link.Key, link.Epoch, nowMs, most)!.Value;

    public bool IsRefGone(string capId) =>
        ReadOne("SELECT 1 FROM gone_ref WHERE cap_id = $1", row => new StrongBox(row.GetInt64(0)), capId) is not null;

    public (long Ops, long Bytes) ReadQuota(long refKey, long day)
    {
        using SqliteDataReader row =
            statements.Bind("SELECT ops, bytes FROM quota WHERE ref_key = $1 AND day = $2", refKey, day).ExecuteReader();
        return row.Read() ? (row.GetInt64(0), row.GetInt64(1)) : (0, 0);
    }

    public IReadOnlyList<RefRow> ReadOwnersBelow(long refKey) => ReadAll(
        $"""
        WITH RECURSIVE reach (key) AS (
          SELECT ref_key FROM sturdy_ref WHERE parent_key = $1
          UNION ALL SELECT child.ref_key FROM reach JOIN sturdy_ref child ON child.parent_key = reach.key)
        SELECT {RefColumns} FROM sturdy_ref WHERE ref_key IN (
          SELECT s.owner_ref_key FROM share s JOIN reach r ON r.key = s.owner_ref_key) ORDER BY ref_key
        """,
        ReadRef, refKey);

    public RefRow? FindOpenCreator() =>
        ReadOne($"SELECT {RefColumns} FROM sturdy_ref WHERE ref_key = (SELECT MAX(ref_key) FROM open_creator)", ReadRef);

    protected T? ReadOne<T>(string sql, Func<SqliteDataReader, T> read, params ReadOnlySpan<object?> values)
        where T : class
    {
        using SqliteDataReader row = statements.Bind(sql, values).ExecuteReader();
        return row.Read() ? read(row) : null;
    }

    protected List<T> ReadAll<T>(string sql, Func<SqliteDataReader, T> read, params ReadOnlySpan<object?> values)
    {
        var list = new List<T>();
        using SqliteDataReader row = statements.Bind(sql, values).ExecuteReader();
        while (row.Read()) list.Add(read(row));
        return list;
    }

    private static long? Number(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt64(column);

    private static string? Text(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static ShareRow ReadShare(SqliteDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetInt64(2), row.GetInt64(3), Text(row, 4), (ShareState)row.GetInt32(5), row.GetInt64(6),
        row.GetInt64(7), row.GetInt64(8), row.GetInt64(9));

    private static ShareListRow ReadListedShare(SqliteDataReader row) =>
        new(ReadShare(row), row.GetInt64(11), Number(row, 12), row.GetString(10));

    private static SessionShareRow ReadSessionShare(SqliteDataReader row) => new(row.GetInt64(0), row.GetInt64(1), row.GetString(2));

    private static AuditEntry ReadAuditEntry(SqliteDataReader row) => new()
    {
        Position = row.GetInt64(0), TimeMs = row.GetInt64(1), Action = row.GetString(2), Actor = Text(row, 3), ShareId = Text(row, 4),
        Subject = Text(row, 5), Address = Text(row, 6),
        Code = Number(row, 7) is { } code ? ErrorCodes.NameOf((ErrorCode)code) : null, Count = Number(row, 8), Bytes = Number(row, 9),
    };

    private static RefRow ReadRef(SqliteDataReader row) => new()
    {
        Key = row.GetInt64(0), CapId = row.GetString(1), ShareKey = Number(row, 2), ParentKey = Number(row, 3),
        ParentEpoch = row.GetInt64(4),
        Depth = row.GetInt32(5), Rights = (Rights)row.GetInt32(6),
        Caveats = JsonSerializer.Deserialize<Caveats>(row.GetString(7), ProtocolJson.Options)!, Epoch = row.GetInt64(8),
        Label = Text(row, 9),
        Verifier = row.GetFieldValue<byte[]>(10), CreatedMs = row.GetInt64(11), RevokedMs = Number(row, 12),
        SuspendedMs = Number(row, 13), RetiredMs = Number(row, 14), Passphrase = Text(row, 15), Uses = row.GetInt64(16),
        UsedMs = Number(row, 17), LastRedeemedMs = Number(row, 18), GrantEndsMs = Number(row, 19),
    };

    private sealed record StrongBox(long Value);
}
