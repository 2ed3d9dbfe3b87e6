using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

internal abstract class SqliteReads(StoreConnection connection) : IReadSnapshot
{
    public const string MeasureOfDocument =
        "SELECT size, class, cursor FROM doc WHERE share_key = ?1 AND kind = ?2 AND key = ?3";

    private const string ShareColumns =
        "s.share_key, s.share_id, s.owner_ref_key, s.creator_key, s.label, s.state, s.folded, s.created_ms, "
            + "s.scanned, s.compacted, s.kept_ms";

    private const string RefColumns =
        "ref_key, cap_id, share_key, parent_key, parent_epoch, depth, rights, caveats, epoch, label, verifier, "
        + "created_ms, revoked_ms, suspended_ms, retired_ms, passphrase, uses, used_ms, last_redeemed_ms, "
            + "grant_ends_ms";

    private readonly Statements statements = connection.Statements;

    protected Statements Statements => statements;

    public abstract ValueTask DisposeAsync();

    public ValueTask<ShareRow?> FindShareAsync(string shareId) =>
        new(statements.ReadOne($"SELECT {ShareColumns} FROM share s WHERE share_id = ?1", ReadShare, shareId));

    public ValueTask<ShareRow?> FindShareAsync(long shareKey) =>
        new(statements.ReadOne($"SELECT {ShareColumns} FROM share s WHERE share_key = ?1", ReadShare, shareKey));

    public ValueTask<RefRow?> FindRefAsync(string capId) =>
        new(statements.ReadOne($"SELECT {RefColumns} FROM sturdy_ref WHERE cap_id = ?1", ReadRef, capId));

    public ValueTask<RefRow?> FindRefAsync(long refKey) =>
        new(statements.ReadOne($"SELECT {RefColumns} FROM sturdy_ref WHERE ref_key = ?1", ReadRef, refKey));

    public async ValueTask<IReadOnlyList<RefRow>> ReadChainAsync(long refKey)
    {
        var chain = new List<RefRow>();
        for (long? key = refKey; key is { } next; key = chain[^1].ParentKey) chain.Add((await FindRefAsync(next))!);
        return chain;
    }

    public ValueTask<WriterRow?> FindWriterAsync(long shareKey, string writerId) => new(statements.ReadOne(
        "SELECT writer_key, writer_id, ref_key, acked_seq FROM writer WHERE share_key = ?1 AND writer_id = ?2",
        row => new WriterRow(row.Number(0), row.Text(1), row.Number(2), row.Number(3)), shareKey, writerId));

    public ValueTask<long> ReadHeadAsync(long shareKey) =>
        new(statements.ReadNumber("SELECT MAX(cursor) FROM op WHERE share_key = ?1", shareKey));

    public ValueTask<long> ReadAppendedMsAsync(long shareKey) => new(statements.ReadNumber(
        "SELECT time_ms FROM op WHERE share_key = ?1 AND kind <> 'comment' ORDER BY cursor DESC LIMIT 1", shareKey));

    public ValueTask<IReadOnlyList<LoggedOp>> ReadOpsAsync(long shareKey, long after, int limit, int maxBytes) =>
        new(connection.LogReads.ReadOps(shareKey, after, limit, maxBytes));

    public ValueTask<(string Verb, ReadOnlyMemory<byte>? Data, long? WriterKey)> ReadOpContentAsync(long shareKey,
        long cursor) =>
        new(connection.LogReads.ReadOpContent(shareKey, cursor));

    public ValueTask<IReadOnlyList<TailOp>> ReadTailAsync(long shareKey, long after, int limit) =>
        new(connection.LogReads.ReadTail(shareKey, after, limit));

    public ValueTask<StoredDoc?> FindDocAsync(long shareKey, string kind, string key) =>
        new(connection.LogReads.FindDoc(shareKey, kind, key));

    public ValueTask<DocumentMeasure> ReadDocMeasureAsync(long shareKey, string kind, string key) =>
        new(statements.ReadOne(MeasureOfDocument, ReadMeasure, shareKey, kind, key) ?? DocumentMeasure.None);

    public ValueTask<IReadOnlyList<StoredDoc>> ReadDocsAsync(long shareKey, string? kind, DocKey? after, int limit,
        int maxBytes) =>
        new(connection.LogReads.ReadDocs(shareKey, kind, after, limit, maxBytes));

    public ValueTask<IReadOnlyList<string>> ReadDocKeysAsync(long shareKey, string kind, int limit) =>
        new(statements.ReadAll(
            "SELECT key FROM doc WHERE share_key = ?1 AND kind = ?2 LIMIT ?3", row => row.Text(0), shareKey, kind,
            limit));

    public ValueTask<IReadOnlyList<ShareListRow>> ReadSharesAsync(long? creatorKey, long after, int limit)
    {
        const string Sql = $"""
            SELECT {ShareColumns}, r.cap_id,
              COALESCE((SELECT MAX(cursor) FROM op o WHERE o.share_key = s.share_key), 0),
              (SELECT time_ms FROM op o WHERE o.share_key = s.share_key AND o.kind <> 'comment'
               ORDER BY cursor DESC LIMIT 1)
            FROM share s JOIN sturdy_ref r ON r.ref_key = s.owner_ref_key
            """;
        return new(creatorKey is null
            ? statements.ReadAll($"{Sql} WHERE s.share_key > ?1 ORDER BY s.share_key LIMIT ?2", ReadListedShare, after,
                limit)
            : statements.ReadAll($"{Sql} WHERE s.share_key > ?1 AND s.creator_key = ?3 ORDER BY s.share_key LIMIT ?2",
                ReadListedShare, after, limit,
                creatorKey));
    }

    public ValueTask<IReadOnlyList<ShareRow>> ReadNewestSharesAsync(long creatorKey, long before, int limit) =>
        new(statements.ReadAll(
            $"""
            SELECT {ShareColumns} FROM share s WHERE s.creator_key = ?1 AND s.share_key < ?2
            ORDER BY s.share_key DESC LIMIT ?3
            """,
            ReadShare, creatorKey, before, limit));

    public ValueTask<IReadOnlyList<RefRow>> ReadRefsAsync(RefScope scope, long after, int limit)
    {
        if (scope.ShareKey is not null)
        {
            return new(statements.ReadAll(
                $"SELECT {RefColumns} FROM sturdy_ref WHERE share_key = ?1 AND ref_key > ?2 ORDER BY ref_key LIMIT ?3",
                ReadRef, scope.ShareKey, after, limit));
        }

        const string OfCreator = $"""
            WITH RECURSIVE reach (key) AS (
              SELECT ?1 UNION ALL SELECT child.ref_key FROM reach JOIN sturdy_ref child ON child.parent_key = reach.key)
            SELECT {RefColumns} FROM sturdy_ref WHERE ref_key IN (SELECT key FROM reach) AND ref_key > ?2
              ORDER BY ref_key LIMIT ?3
            """;
        return new(scope.CreatorKey is not null
            ? statements.ReadAll(OfCreator, ReadRef, scope.CreatorKey, after, limit)
            : statements.ReadAll($"SELECT {RefColumns} FROM sturdy_ref WHERE ref_key > ?1 ORDER BY ref_key LIMIT ?2",
                ReadRef, after, limit));
    }

    public ValueTask<AuditRows> ReadAuditAsync(RefScope scope, long after, int limit, bool newestFirst = false,
        AuditFilter? filter = null) =>
        new(new AuditReads(statements, scope, filter ?? AuditFilter.None, after, limit, newestFirst).Read());

    public ValueTask<AuditSeal?> SealAuditAsync(int entries)
    {
        (long Last, byte[] Digest) before = statements.ReadOne(
            """
            SELECT last, digest FROM audit_seal WHERE last = (SELECT MAX(last) FROM audit_seal)
            UNION ALL SELECT last, digest FROM audit_anchor ORDER BY last DESC LIMIT 1
            """,
            row => (row.Number(0), row.Blob(1).ToArray()));
        using var chain = new AuditChain(before.Digest);
        statements.ReadAll(
            AuditEntries.Sql,
            row =>
            {
                chain.Add(row);
                return true;
            },
            before.Last, long.MaxValue, entries);
        return new(chain.First == 0 ? null : chain.Seal());
    }

    public ValueTask<AuditSeal?> FindOldestSealAsync() => new(statements.ReadOne(
        "SELECT first, last, newest_ms, digest FROM audit_seal ORDER BY last LIMIT 1",
        row => new AuditSeal(row.Number(0), row.Number(1), row.Number(2), row.Blob(3).ToArray())));

    public ValueTask<IReadOnlyList<OpenTurnRow>> ReadOpenTurnsAsync(long afterShare, string afterKey, int limit) =>
        new(statements.ReadAll(
        """
        SELECT t.share_key, t.key, t.cursor, w.writer_id, w.acked_seq FROM open_turn t
          JOIN writer w ON w.writer_key = t.writer_key
        WHERE (t.share_key, t.key) > (?1, ?2) ORDER BY t.share_key, t.key LIMIT ?3
        """,
        row => new OpenTurnRow(row.Number(0), row.Text(1), row.Number(2), row.Text(3), row.Number(4)),
        afterShare, afterKey, limit));

    public ValueTask<IReadOnlyList<string>> ReadOpenTurnKeysAsync(long shareKey, int limit) =>
        new(statements.ReadAll(
            "SELECT key FROM open_turn WHERE share_key = ?1 ORDER BY key LIMIT ?2", row => row.Text(0), shareKey,
            limit));

    public ValueTask<long?> FindUnerasedShareAsync(long after = 0) => new(statements.ReadOne(
        "SELECT share_key FROM share WHERE state = 2 AND erased = 0 AND share_key > ?1 ORDER BY share_key LIMIT 1",
        row => row.NumberOrNull(0), after));

    public ValueTask<SessionShareRow?> FindSessionShareAsync(long creatorKey, string sessionId) =>
        new(statements.ReadOne(
        """
        SELECT share_key, creator_key, session_id FROM session_share WHERE creator_key = ?1 AND session_id = ?2
        ORDER BY share_key DESC LIMIT 1
        """,
        ReadSessionShare, creatorKey, sessionId));

    public ValueTask<SessionShareRow?> FindSessionShareAsync(long shareKey) => new(statements.ReadOne(
        "SELECT share_key, creator_key, session_id FROM session_share WHERE share_key = ?1", ReadSessionShare,
            shareKey));

    public ValueTask<IReadOnlyList<RefRow>> ReadSessionRefsAsync(long shareKey) => new(statements.ReadAll(
        $"""
        SELECT {RefColumns} FROM sturdy_ref WHERE ref_key IN (SELECT ref_key FROM session_ref WHERE share_key = ?1)
          ORDER BY ref_key
        """,
        ReadRef, shareKey));

    public ValueTask<IReadOnlyList<byte[]>> ReadFormerVerifiersAsync(long refKey, int limit) => new(statements.ReadAll(
        "SELECT verifier FROM former_secret WHERE ref_key = ?1 ORDER BY epoch DESC LIMIT ?2",
        row => row.Blob(0).ToArray(), refKey, limit));

    public ValueTask<int> CountGrantsAsync(RefRow link, long nowMs, int most) => new((int)statements.ReadNumber(
        """
        SELECT COUNT(*) FROM (SELECT 1 FROM sturdy_ref
          WHERE parent_key = ?1 AND grant_ends_ms > ?3 AND parent_epoch = ?2 AND revoked_ms IS NULL LIMIT ?4)
        """,
        link.Key, link.Epoch, nowMs, most));

    public ValueTask<bool> HasEndedGrantsAsync(long endedBeforeMs) => new(1 == statements.ReadNumber(
        """
        SELECT EXISTS (SELECT 1 FROM sturdy_ref
          WHERE grant_ends_ms IS NOT NULL AND (grant_ends_ms <= ?1 OR revoked_ms <= ?1))
        """,
        endedBeforeMs));

    public ValueTask<bool> IsRefGoneAsync(string capId) =>
        new(statements.ReadNumber("SELECT COUNT(*) FROM gone_ref WHERE cap_id = ?1", capId) > 0);

    public ValueTask<DayUse> ReadQuotaAsync(long refKey, long day) => new(ReadQuota(statements, refKey, day));

    public ValueTask<long> ReadRestoreSuspensionAsync() =>
        new(statements.ReadNumber(StoreSettings.Get, StoreSettings.SuspendedMs));

    public ValueTask<IReadOnlyList<RefRow>> ReadOwnersBelowAsync(long refKey) => new(statements.ReadAll(
        $"""
        WITH RECURSIVE reach (key) AS (
          SELECT ref_key FROM sturdy_ref WHERE parent_key = ?1
          UNION ALL SELECT child.ref_key FROM reach JOIN sturdy_ref child ON child.parent_key = reach.key)
        SELECT {RefColumns} FROM sturdy_ref WHERE ref_key IN (
          SELECT s.owner_ref_key FROM share s JOIN reach r ON r.key = s.owner_ref_key) ORDER BY ref_key
        """,
        ReadRef, refKey));

    public ValueTask<RefRow?> FindOpenCreatorAsync() =>
        new(statements.ReadOne(
            $"SELECT {RefColumns} FROM sturdy_ref WHERE ref_key = (SELECT MAX(ref_key) FROM open_creator)", ReadRef));

    public static DocumentMeasure ReadMeasure(Rows row) =>
        new(row.Number(0), (ContentClass)row.Number(1), row.Number(2));

    public static DayUse ReadQuota(Statements statements, long refKey, long day) => statements.ReadOne(
        "SELECT ops, bytes, rejections, duplicates FROM quota WHERE ref_key = ?1 AND day = ?2",
        row => new DayUse(row.Number(0), row.Number(1), row.Number(2), row.Number(3)), refKey, day);

    private static ShareRow ReadShare(Rows row) => new(
        row.Number(0), row.Text(1), row.Number(2), row.Number(3), row.TextOrNull(4), (ShareState)row.Number(5),
            row.Number(6),
        row.Number(7), row.Number(8), row.Number(9))
    {
        KeptMs = row.Number(10),
    };

    private static ShareListRow ReadListedShare(Rows row) =>
        new(ReadShare(row), row.Number(12), row.NumberOrNull(13), row.Text(11));

    private static SessionShareRow ReadSessionShare(Rows row) => new(row.Number(0), row.Number(1), row.Text(2));

    private static RefRow ReadRef(Rows row) => new()
    {
        Key = row.Number(0), CapId = row.Text(1), ShareKey = row.NumberOrNull(2), ParentKey = row.NumberOrNull(3),
        ParentEpoch = row.Number(4),
        Depth = (int)row.Number(5), Rights = (Rights)row.Number(6),
        Caveats = JsonSerializer.Deserialize<Caveats>(row.Text(7), ProtocolJson.Options)!, Epoch = row.Number(8),
        Label = row.TextOrNull(9),
        Verifier = row.Blob(10).ToArray(), CreatedMs = row.Number(11), RevokedMs = row.NumberOrNull(12),
        SuspendedMs = row.NumberOrNull(13), RetiredMs = row.NumberOrNull(14), Passphrase = row.TextOrNull(15),
            Uses = row.Number(16),
        UsedMs = row.NumberOrNull(17), LastRedeemedMs = row.NumberOrNull(18), GrantEndsMs = row.NumberOrNull(19),
    };
}
