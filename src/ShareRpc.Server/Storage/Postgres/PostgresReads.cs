using Npgsql;
using ShareRpc.Protocol.Diagnostics;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using static ShareRpc.Server.Storage.Postgres.PostgresRows;

namespace ShareRpc.Server.Storage.Postgres;

internal abstract class PostgresReads(PostgresSession session) : IReadSnapshot
{
    private const string FindShareById = $"SELECT {ShareColumns} FROM share s WHERE share_id = $1";
    private const string FindShareByKey = $"SELECT {ShareColumns} FROM share s WHERE share_key = $1";
    private const string ReadOps =
        $"""
        SELECT {OpColumns} FROM op o LEFT JOIN writer w ON w.writer_key = o.writer_key
          LEFT JOIN sturdy_ref r ON r.ref_key = o.actor_key
        WHERE o.share_key = $1 AND o.cursor > $2 ORDER BY o.cursor LIMIT $3
        """;

    /// <summary>A ref and its parents, with their distance.</summary>
    private const string Chain =
        """
        WITH RECURSIVE chain (key, parent, distance) AS (
          SELECT ref_key, parent_key, 0 FROM sturdy_ref WHERE ref_key = $1
          UNION ALL SELECT r.ref_key, r.parent_key, c.distance + 1 FROM chain c
            JOIN sturdy_ref r ON r.ref_key = c.parent)
        """;

    protected PostgresSession Session => session;

    public virtual ValueTask DisposeAsync() => session.DisposeAsync();

    public ValueTask<ShareRow?> FindShareAsync(string shareId) =>
        OneAsync(FindShareById, PostgresRows.Share, shareId);

    public ValueTask<ShareRow?> FindShareAsync(long shareKey) =>
        OneAsync(FindShareByKey, PostgresRows.Share, shareKey);

    public virtual ValueTask<RefRow?> FindRefAsync(string capId) =>
        OneAsync($"SELECT {RefColumns} FROM sturdy_ref WHERE cap_id = $1", PostgresRows.Ref, capId);

    public virtual ValueTask<RefRow?> FindRefAsync(long refKey) =>
        OneAsync($"SELECT {RefColumns} FROM sturdy_ref WHERE ref_key = $1", PostgresRows.Ref, refKey);

    public async ValueTask<IReadOnlyList<RefRow>> ReadChainAsync(long refKey) => await AllAsync(
        $"{Chain} SELECT {RefColumns} FROM sturdy_ref JOIN chain c ON c.key = ref_key ORDER BY c.distance",
        PostgresRows.Ref, refKey);

    public ValueTask<WriterRow?> FindWriterAsync(long shareKey, string writerId) => OneAsync(
        $"SELECT {WriterColumns} FROM writer WHERE share_key = $1 AND writer_id = $2", Writer, shareKey, writerId);

    public ValueTask<long> ReadHeadAsync(long shareKey) => BrokenRule.Is(BrokenRule.CursorFromSequence)
        ? NumberAsync("SELECT nextval('broken_cursor') - 1")
        : NumberAsync("SELECT head FROM share WHERE share_key = $1", shareKey);

    public ValueTask<long> ReadAppendedMsAsync(long shareKey) =>
        NumberAsync("SELECT COALESCE(appended_ms, 0) FROM share WHERE share_key = $1", shareKey);

    public async ValueTask<IReadOnlyList<LoggedOp>> ReadOpsAsync(long shareKey, long after, int limit, int maxBytes)
    {
        var read = new List<LoggedOp>();
        long bytes = 0;
        await QueryAsync(ReadOps, [shareKey, after, limit], row =>
        {
            LoggedOp op = Op(row);
            bytes += (op.Data?.Utf8.Length ?? 0) + OpEnvelope.Bytes;
            if (read.Count > 0 && bytes > maxBytes) return false;
            read.Add(op);
            return true;
        });
        return read;
    }

    public async ValueTask<(string Verb, ReadOnlyMemory<byte>? Data, long? WriterKey)> ReadOpContentAsync(
        long shareKey, long cursor)
    {
        (string, ReadOnlyMemory<byte>?, long?)? found = null;
        await QueryAsync(
            "SELECT verb, data, writer_key FROM op WHERE share_key = $1 AND cursor = $2", [shareKey, cursor], row =>
            {
                found = (PostgresRows.Verb(row.GetString(0)), PostgresRows.Data(row, 1)?.Utf8, Number(row, 2));
                return false;
            });
        return found ?? throw new InvalidOperationException("There is no such op.");
    }

    public ValueTask<IReadOnlyList<TailOp>> ReadTailAsync(long shareKey, long after, int limit) => AllAsync(
        """
        SELECT cursor, verb, kind, key, COALESCE(length(data), 0), class FROM op
        WHERE share_key = $1 AND cursor > $2 ORDER BY cursor LIMIT $3
        """,
        row => new TailOp(
            row.GetInt64(0), PostgresRows.Verb(row.GetString(1)), row.GetString(2), row.GetString(3),
            row.GetInt32(4), (ContentClass)row.GetInt32(5)),
        shareKey, after, limit);

    public ValueTask<StoredDoc?> FindDocAsync(long shareKey, string kind, string key) => OneAsync(
        $"SELECT {DocColumns} FROM doc WHERE share_key = $1 AND kind = $2 AND key = $3", Doc, shareKey, kind, key);

    public async ValueTask<DocumentMeasure> ReadDocMeasureAsync(long shareKey, string kind, string key) =>
        await OneAsync(
            "SELECT size, class, cursor FROM doc WHERE share_key = $1 AND kind = $2 AND key = $3",
            row => new DocumentMeasure(row.GetInt64(0), (ContentClass)row.GetInt32(1), row.GetInt64(2)),
            shareKey, kind, key) ?? DocumentMeasure.None;

    public async ValueTask<IReadOnlyList<StoredDoc>> ReadDocsAsync(
        long shareKey, string? kind, DocKey? after, int limit, int maxBytes)
    {
        string where = kind is null ? "(kind, key) > ($2, $3)" : "kind = $2 AND key > $3";
        var read = new List<StoredDoc>();
        long bytes = 0;
        await QueryAsync(
            $"SELECT {DocColumns} FROM doc WHERE share_key = $1 AND {where} ORDER BY kind, key LIMIT $4",
            [shareKey, kind ?? after?.Kind ?? "", after?.Key ?? "", limit], row =>
            {
                StoredDoc document = Doc(row);
                bytes += document.Data!.Value.Utf8.Length;
                if (read.Count > 0 && bytes > maxBytes) return false;
                read.Add(document);
                return true;
            });
        return read;
    }

    public ValueTask<IReadOnlyList<ShareListRow>> ReadSharesAsync(long? creatorKey, long after, int limit)
    {
        const string Sql =
            $"SELECT {ShareColumns}, r.cap_id FROM share s JOIN sturdy_ref r ON r.ref_key = s.owner_ref_key "
            + "WHERE s.share_key > $1";
        return creatorKey is { } creator
            ? AllAsync($"{Sql} AND s.creator_key = $3 ORDER BY s.share_key LIMIT $2", ListedShare, after, limit,
                creator)
            : AllAsync($"{Sql} ORDER BY s.share_key LIMIT $2", ListedShare, after, limit);
    }

    public ValueTask<IReadOnlyList<ShareRow>> ReadNewestSharesAsync(long creatorKey, long before, int limit) =>
        AllAsync(
            $"""
            SELECT {ShareColumns} FROM share s WHERE s.creator_key = $1 AND s.share_key < $2
            ORDER BY s.share_key DESC LIMIT $3
            """,
            PostgresRows.Share, creatorKey, before, limit);

    public ValueTask<IReadOnlyList<RefRow>> ReadRefsAsync(RefScope scope, long after, int limit)
    {
        const string Sql = $"SELECT {RefColumns} FROM sturdy_ref WHERE ref_key > $1";
        const string Last = "ORDER BY ref_key LIMIT $2";
        if (scope.ShareKey is { } share)
            return AllAsync($"{Sql} AND share_key = $3 {Last}", PostgresRows.Ref, after, limit, share);
        const string OfCreator =
            $"""
            WITH RECURSIVE reach (key) AS (
              SELECT $3::bigint
              UNION ALL SELECT child.ref_key FROM reach JOIN sturdy_ref child ON child.parent_key = reach.key)
            {Sql} AND ref_key IN (SELECT key FROM reach) {Last}
            """;
        return scope.CreatorKey is { } creator
            ? AllAsync(OfCreator, PostgresRows.Ref, after, limit, creator)
            : AllAsync($"{Sql} {Last}", PostgresRows.Ref, after, limit);
    }

    public ValueTask<AuditRows> ReadAuditAsync(
        RefScope scope, long after, int limit, bool newestFirst = false, AuditFilter? filter = null) =>
        new PostgresAudit(session, scope, filter ?? AuditFilter.None, after, limit, newestFirst).ReadAsync();

    public virtual ValueTask<AuditSeal?> SealAuditAsync(int entries) => PostgresAudit.SealAsync(session, entries);

    public ValueTask<AuditSeal?> FindOldestSealAsync() =>
        OneAsync("SELECT first, last, newest_ms, digest FROM audit_seal ORDER BY last LIMIT 1", Seal);

    public ValueTask<IReadOnlyList<OpenTurnRow>> ReadOpenTurnsAsync(long afterShare, string afterKey, int limit) =>
        AllAsync(
            """
            SELECT t.share_key, t.key, t.cursor, w.writer_id, w.acked_seq, t.heard FROM open_turn t
              JOIN writer w ON w.writer_key = t.writer_key
            WHERE (t.share_key, t.key) > ($1, $2) ORDER BY t.share_key, t.key LIMIT $3
            """,
            row => new OpenTurnRow(
                row.GetInt64(0), row.GetString(1), row.GetInt64(2), row.GetString(3), row.GetInt64(4),
                row.GetInt64(5)),
            afterShare, afterKey, limit);

    public ValueTask<IReadOnlyList<string>> ReadDocKeysAsync(long shareKey, string kind, int limit) => AllAsync(
        "SELECT key FROM doc WHERE share_key = $1 AND kind = $2 LIMIT $3", row => row.GetString(0), shareKey, kind,
        limit);

    public ValueTask<IReadOnlyList<string>> ReadOpenTurnKeysAsync(long shareKey, int limit) => AllAsync(
        "SELECT key FROM open_turn WHERE share_key = $1 ORDER BY key LIMIT $2", row => row.GetString(0), shareKey,
        limit);

    public ValueTask<long?> FindUnerasedShareAsync(long after = 0) => OneAsync<long?>(
        "SELECT share_key FROM share WHERE state = 2 AND NOT erased AND share_key > $1 ORDER BY share_key LIMIT 1",
        row => row.GetInt64(0), after);

    public virtual ValueTask<SessionShareRow?> FindSessionShareAsync(long creatorKey, string sessionId) => OneAsync(
        """
        SELECT share_key, creator_key, session_id FROM session_share WHERE creator_key = $1 AND session_id = $2
        ORDER BY share_key DESC LIMIT 1
        """,
        SessionShare, creatorKey, sessionId);

    public ValueTask<SessionShareRow?> FindSessionShareAsync(long shareKey) => OneAsync(
        "SELECT share_key, creator_key, session_id FROM session_share WHERE share_key = $1", SessionShare, shareKey);

    public ValueTask<IReadOnlyList<RefRow>> ReadSessionRefsAsync(long shareKey) => AllAsync(
        $"""
        SELECT {RefColumns} FROM sturdy_ref
        WHERE ref_key IN (SELECT ref_key FROM session_ref WHERE share_key = $1) ORDER BY ref_key
        """,
        PostgresRows.Ref, shareKey);

    public ValueTask<IReadOnlyList<byte[]>> ReadFormerVerifiersAsync(long refKey, int limit) => AllAsync(
        "SELECT verifier FROM former_secret WHERE ref_key = $1 ORDER BY epoch DESC LIMIT $2", row => Bytes(row, 0),
        refKey, limit);

    public async ValueTask<int> CountGrantsAsync(RefRow link, long nowMs, int most) => (int)await NumberAsync(
        """
        SELECT count(*) FROM (SELECT 1 FROM sturdy_ref
          WHERE parent_key = $1 AND grant_ends_ms > $3 AND parent_epoch = $2 AND revoked_ms IS NULL LIMIT $4) grants
        """,
        link.Key, link.Epoch, nowMs, most);

    public async ValueTask<bool> HasEndedGrantsAsync(long endedBeforeMs) => 1 == await NumberAsync(
        """
        SELECT count(*) FROM (SELECT 1 FROM sturdy_ref
          WHERE grant_ends_ms IS NOT NULL AND (grant_ends_ms <= $1 OR revoked_ms <= $1) LIMIT 1) ended
        """,
        endedBeforeMs);

    public async ValueTask<bool> IsRefGoneAsync(string capId) =>
        await NumberAsync("SELECT count(*) FROM gone_ref WHERE cap_id = $1", capId) > 0;

    public virtual ValueTask<DayUse> ReadQuotaAsync(long refKey, long day) => OneAsync(
        "SELECT ops, bytes, rejections, duplicates FROM quota WHERE ref_key = $1 AND day = $2",
        row => new DayUse(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3)), refKey, day);

    public ValueTask<long> ReadRestoreSuspensionAsync() =>
        NumberAsync("SELECT coalesce(max(value), 0) FROM setting WHERE name = 'suspended_ms'");

    public ValueTask<IReadOnlyList<RefRow>> ReadOwnersBelowAsync(long refKey) => AllAsync(
        $"""
        WITH RECURSIVE reach (key) AS (
          SELECT ref_key FROM sturdy_ref WHERE parent_key = $1
          UNION ALL SELECT child.ref_key FROM reach JOIN sturdy_ref child ON child.parent_key = reach.key)
        SELECT {RefColumns} FROM sturdy_ref WHERE ref_key IN (
          SELECT s.owner_ref_key FROM share s JOIN reach r ON r.key = s.owner_ref_key) ORDER BY ref_key
        """,
        PostgresRows.Ref, refKey);

    public ValueTask<RefRow?> FindOpenCreatorAsync() => OneAsync(
        $"SELECT {RefColumns} FROM sturdy_ref WHERE ref_key = (SELECT max(ref_key) FROM open_creator)",
        PostgresRows.Ref);

    /// <summary>Called before every read that may see what this transaction has put off.</summary>
    protected virtual void BeforeRead()
    {
    }

    protected ValueTask<T?> OneAsync<T>(string sql, Func<NpgsqlDataReader, T> read, params PostgresValue[] values)
    {
        BeforeRead();
        return session.ReadOneAsync(sql, read, values);
    }

    protected async ValueTask<IReadOnlyList<T>> AllAsync<T>(
        string sql, Func<NpgsqlDataReader, T> read, params PostgresValue[] values)
    {
        BeforeRead();
        return await session.ReadAllAsync(sql, read, values);
    }

    protected ValueTask<long> NumberAsync(string sql, params PostgresValue[] values)
    {
        BeforeRead();
        return session.ReadNumberAsync(sql, values);
    }

    private ValueTask QueryAsync(string sql, PostgresValue[] values, Func<NpgsqlDataReader, bool> take)
    {
        BeforeRead();
        return session.QueryAsync(sql, values, take);
    }
}
