using System.Text.Json;
using Npgsql;
using ShareRpc.Protocol.Diagnostics;
using ShareRpc.Protocol.Json;
using static ShareRpc.Server.Storage.Postgres.PostgresRows;

namespace ShareRpc.Server.Storage.Postgres;

/// <summary>
/// Locks in this order: rows of shares, writers, refs, counters. Writes go along with the next read, or the commit.
/// </summary>
/// <param name="source">The connections.</param>
/// <param name="trust">Whether documents that are not known here are taken for new.</param>
internal sealed class PostgresWriteTransaction(NpgsqlDataSource source, DocumentTrust trust)
    : PostgresReads(new PostgresSession(source, "BEGIN")), IWriteTransaction
{
    private readonly PendingAppends changes = new();
    private readonly HashSet<long> locked = [];
    private bool isExpecting;
    private readonly AuditWrites audit = new();
    private bool hasWritten;

    public IReadOnlyCollection<long> ChangedShares => changes.Changed;

    public void Expect(IReadOnlyList<ShareVersion> shares, IReadOnlyList<RefLink> refs)
    {
        isExpecting = true;
        foreach (ShareVersion share in shares) locked.Add(share.Key);
        Session.Opening = () => PostgresSession.Command(
            "SELECT sharerpc_prove($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)", PostgresSchema.Newest,
            shares.Select(share => share.Key).ToArray(), shares.Select(share => share.Version).ToArray(),
            refs.Select(link => link.Key).ToArray(), refs.Select(link => link.Epoch).ToArray(),
            refs.Select(link => link.ParentKey).ToArray(), changes.NewShares.ToArray(), changes.NewIds.ToArray(),
            changes.NewDocuments.ConvertAll(document => document.Share).ToArray(),
            changes.NewDocuments.ConvertAll(document => document.Kind).ToArray(),
            changes.NewDocuments.ConvertAll(document => document.Key).ToArray());
    }

    public ValueTask<Proof?> LockAsync(IReadOnlyList<long> shares, IReadOnlyList<long> refs)
    {
        locked.UnionWith(shares);
        return ShareLocks.TakeAsync(Session, shares, refs);
    }

    public async ValueTask<bool> CommitAsync()
    {
        changes.SendLast(Session);
        FaultPoint.Pass("server.before_commit");
        await Session.CommitAsync();
        if (changes.NewDocuments.Count > 0) trust.Confirm();
        FaultPoint.Pass("server.after_commit");
        return hasWritten;
    }

    /// <summary>
    /// Asks nothing if all else is known already: that op ids and documents are new is proven with the insert, and
    /// otherwise <see cref="StaleStateException"/> has the group repeated.
    /// </summary>
    public async ValueTask<IReadOnlyList<AppendFacts>> ReadForAppendAsync(IReadOnlyList<AppendLookup> lookups)
    {
        if (lookups.Count == 0) return [];
        if (isExpecting && Session.Sent == 0 && lookups.All(IsTrusted)
            && (lookups.All(lookup => lookup.Documents.Count == 0) || trust.Ask()))
        {
            return [.. lookups.Select(changes.Trust)];
        }

        long[] more = [.. lookups.Select(lookup => lookup.ShareKey).Where(locked.Add).Distinct()];
        if (more.Length > 0) Session.SendCall(ShareLocks.Lock, more);
        BeforeRead();
        return await new AppendReads(lookups).ReadAsync(Session);

        bool IsTrusted(AppendLookup lookup) =>
            !lookup.NeedsRecords && lookup.Refs.Count == 0 && locked.Contains(lookup.ShareKey);
    }

    public void Append(AppendedBatch batch)
    {
        if (batch.Applied.Count + batch.Unapplied.Count + batch.Turns.Count == 0 && batch.AckedSeq is null) return;
        hasWritten = true;
        changes.Add(batch);
    }

    public ValueTask<IReadOnlyList<OpRecord>> ReadWriterRecordsAsync(long writerKey, long fromSeq, int count) =>
        AllAsync(
            """
            WITH run (seq, cursor, count) AS (
              SELECT seq, cursor, count FROM writer_run WHERE writer_key = $1 AND seq < $3
                AND seq >= COALESCE((SELECT max(seq) FROM writer_run WHERE writer_key = $1 AND seq <= $2), $2)
              UNION ALL SELECT run_seq, run_cursor, run_count FROM writer WHERE writer_key = $1)
            SELECT op_id, digest, cursor, applied, code FROM (
              SELECT o.op_id, o.digest, o.cursor, true AS applied, NULL::int AS code, o.seq FROM run r
                JOIN op o ON o.cursor BETWEEN r.cursor + GREATEST($2 - r.seq, 0)
                  AND r.cursor + LEAST(r.count, $3 - r.seq) - 1
              WHERE o.share_key = (SELECT share_key FROM writer WHERE writer_key = $1) AND o.writer_key = $1
              UNION ALL
              SELECT op_id, digest, cursor, false, code, seq FROM rejection
              WHERE writer_key = $1 AND seq >= $2 AND seq < $3) records
            ORDER BY seq
            """,
            Record, writerKey, fromSeq, fromSeq + count);

    public ValueTask<long> InsertWriterAsync(long shareKey, string writerId, long refKey)
    {
        changes.Add(shareKey);
        return InsertAsync(
            """
            INSERT INTO writer (share_key, writer_id, ref_key, acked_seq) VALUES ($1, $2, $3, 0) RETURNING writer_key
            """,
            shareKey, writerId, refKey);
    }

    public ValueTask<long> InsertShareAsync(string shareId, long creatorKey, string? label, long createdMs) =>
        InsertAsync(
            """
            INSERT INTO share (share_id, owner_ref_key, creator_key, label, state, created_ms)
            VALUES ($1, 0, $2, $3, 0, $4) RETURNING share_key
            """,
            shareId, creatorKey, label, createdMs);

    public void SetOwner(long shareKey, long ownerRefKey) => WriteShare(shareKey, "owner_ref_key", ownerRefKey);

    public void SetShareState(long shareKey, ShareState state) => WriteShare(shareKey, "state", (int)state);

    public void SetShareKept(long shareKey, long keptMs) => WriteShare(shareKey, "kept_ms", keptMs);

    public void SetShareLabel(long shareKey, string label) => WriteShare(shareKey, "label", label);

    public async ValueTask<bool> EraseShareAsync(long shareKey, int rows, long bytes)
    {
        changes.Add(shareKey);
        hasWritten = true;
        changes.Send(Session);
        return !await new PostgresErasure(Session, shareKey, rows).EraseSomeAsync(bytes);
    }

    public void SetErased(long shareKey)
    {
        changes.Add(shareKey);
        Write("UPDATE share SET erased = true WHERE share_key = $1", shareKey);
    }

    public override ValueTask<RefRow?> FindRefAsync(long refKey) => OneAsync(
        $"SELECT {RefColumns} FROM sturdy_ref WHERE ref_key = $1 FOR NO KEY UPDATE", PostgresRows.Ref, refKey);

    /// <summary>Locks those whose uses are counted: the read behind the lock sees the uses of other nodes.</summary>
    public ValueTask<IReadOnlyList<RefRow>> LockChainAsync(long refKey)
    {
        Session.SendCall(
            """
            WITH RECURSIVE chain (key) AS (
              SELECT $1::bigint
              UNION ALL SELECT r.parent_key FROM chain c JOIN sturdy_ref r ON r.ref_key = c.key
              WHERE r.parent_key IS NOT NULL)
            SELECT 1 FROM sturdy_ref WHERE ref_key IN (SELECT key FROM chain)
              AND (ref_key = $1 OR caveats LIKE '%"max_uses"%') ORDER BY ref_key FOR NO KEY UPDATE
            """,
            refKey);
        return ReadChainAsync(refKey);
    }

    /// <summary>Locks the counter, so that nodes do not both give what is left.</summary>
    public override ValueTask<DayUse> ReadQuotaAsync(long refKey, long day)
    {
        Session.SendCall(AppendReads.LockUses, new[] { refKey });
        return base.ReadQuotaAsync(refKey, day);
    }

    /// <summary>Locks the session, so that one share is made for it.</summary>
    public override ValueTask<SessionShareRow?> FindSessionShareAsync(long creatorKey, string sessionId)
    {
        Session.SendCall("SELECT pg_advisory_xact_lock(4, hashtext($1 || ' ' || $2))",
            creatorKey.ToString(System.Globalization.CultureInfo.InvariantCulture), sessionId);
        return base.FindSessionShareAsync(creatorKey, sessionId);
    }

    public ValueTask<long> InsertRefAsync(RefRow row) => InsertAsync(
        """
        INSERT INTO sturdy_ref (cap_id, share_key, parent_key, parent_epoch, depth, rights, caveats, epoch, label,
          verifier, created_ms, passphrase, grant_ends_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING ref_key
        """,
        row.CapId, row.ShareKey, row.ParentKey, row.ParentEpoch, row.Depth, (int)row.Rights, ToText(row), row.Epoch,
        row.Label, row.Verifier, row.CreatedMs, row.Passphrase, row.GrantEndsMs);

    public void SetRevoked(long refKey, long epoch, long revokedMs) => Write(
        "UPDATE sturdy_ref SET epoch = $2, revoked_ms = $3 WHERE ref_key = $1", refKey, epoch, revokedMs);

    public void SetSuspended(long refKey, long? suspendedMs) =>
        Write("UPDATE sturdy_ref SET suspended_ms = $2 WHERE ref_key = $1", refKey, suspendedMs);

    public void Rotate(RefRow row, long epoch, byte[] verifier, string? passphrase)
    {
        Write("INSERT INTO former_secret (ref_key, epoch, verifier) VALUES ($1, $2, $3)", row.Key, row.Epoch,
            row.Verifier);
        Write("UPDATE sturdy_ref SET epoch = $2, verifier = $3, passphrase = $4 WHERE ref_key = $1", row.Key, epoch,
            verifier, passphrase);
    }

    public ValueTask<IReadOnlyList<long>> EndGrantsAsync(long linkKey, long nowMs)
    {
        hasWritten = true;
        return AllAsync(
            """
            UPDATE sturdy_ref SET epoch = epoch + 1, revoked_ms = $2
            WHERE parent_key = $1 AND grant_ends_ms > $2 AND revoked_ms IS NULL RETURNING ref_key
            """,
            row => row.GetInt64(0), linkKey, nowMs);
    }

    public async ValueTask<bool> DeleteGrantsAsync(long endedBeforeMs, int rows)
    {
        // Descendants first; what another node deletes is left to it.
        long[] keys =
        [
            .. await AllAsync(
                """
                WITH RECURSIVE gone (key) AS (
                  SELECT ref_key FROM sturdy_ref
                  WHERE grant_ends_ms IS NOT NULL AND (grant_ends_ms <= $1 OR revoked_ms <= $1)
                  UNION SELECT child.ref_key FROM gone JOIN sturdy_ref child ON child.parent_key = gone.key)
                SELECT ref_key FROM sturdy_ref r WHERE ref_key IN (SELECT key FROM gone)
                  AND NOT EXISTS (SELECT 1 FROM sturdy_ref child WHERE child.parent_key = r.ref_key)
                LIMIT $2 FOR UPDATE SKIP LOCKED
                """,
                row => row.GetInt64(0), endedBeforeMs, rows),
        ];
        if (keys.Length == 0) return true;
        Write(
            """
            INSERT INTO gone_ref (ref_key, cap_id, parent_key)
            SELECT ref_key, cap_id, parent_key FROM sturdy_ref WHERE ref_key = ANY ($1)
            """,
            keys);
        Write("DELETE FROM former_secret WHERE ref_key = ANY ($1)", keys);
        Write("DELETE FROM quota WHERE ref_key = ANY ($1)", keys);
        Write("DELETE FROM sturdy_ref WHERE ref_key = ANY ($1)", keys);
        return false;
    }

    public void Adopt(RefRow row)
    {
        if (row.ShareKey is { } share) changes.Add(share);
        Write(
            """
            UPDATE sturdy_ref SET parent_key = $2, parent_epoch = $3, retired_ms = $4, caveats = $5, suspended_ms = $6
            WHERE ref_key = $1
            """,
            row.Key, row.ParentKey, row.ParentEpoch, row.RetiredMs, ToText(row), row.SuspendedMs);
    }

    public void CountUse(long refKey, long nowMs) => Write(
        "UPDATE sturdy_ref SET uses = uses + 1, used_ms = COALESCE(used_ms, $2) WHERE ref_key = $1", refKey, nowMs);

    public void AddQuota(long refKey, long day, DayUse more)
    {
        if (day != ShareRoom.Total) Write("DELETE FROM quota WHERE ref_key = $1 AND day < $2", refKey, day);
        Write(
            """
            INSERT INTO quota AS q (ref_key, day, ops, bytes, rejections, duplicates) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (ref_key, day) DO UPDATE SET ops = q.ops + excluded.ops, bytes = q.bytes + excluded.bytes,
              rejections = q.rejections + excluded.rejections, duplicates = q.duplicates + excluded.duplicates
            """,
            refKey, day, more.Ops, more.Bytes, more.Rejections, more.Duplicates);
    }

    public void WriteDocs(long shareKey, IReadOnlyList<FoldedDoc> docs)
    {
        changes.Add(shareKey);
        FoldedDoc[] removed = [.. docs.Where(doc => doc.IsRemoved)];
        if (removed.Length > 0)
        {
            Write(
                """
                DELETE FROM doc d USING unnest($2, $3) AS r (kind, key)
                WHERE d.share_key = $1 AND d.kind = r.kind AND d.key = r.key
                """,
                shareKey, Array.ConvertAll(removed, doc => doc.Kind), Array.ConvertAll(removed, doc => doc.Key));
        }

        FoldedDoc[] kept = [.. docs.Where(doc => !doc.IsRemoved)];
        if (kept.Length == 0) return;
        Write(
            """
            INSERT INTO doc (share_key, kind, key, cursor, data, size, class)
            SELECT $1, * FROM unnest($2, $3, $4, $5, $6, $7)
            ON CONFLICT (share_key, kind, key) DO UPDATE SET
              cursor = excluded.cursor, data = excluded.data, size = excluded.size, class = excluded.class
            """,
            shareKey, Array.ConvertAll(kept, doc => doc.Kind), Array.ConvertAll(kept, doc => doc.Key),
            Array.ConvertAll(kept, doc => doc.Cursor), Array.ConvertAll(kept, doc => doc.Data?.Utf8),
            Array.ConvertAll(kept, doc => doc.Size), Array.ConvertAll(kept, doc => (int)doc.Class));
    }

    public ValueTask<long> DropDataAsync(long shareKey, long from, long to)
    {
        changes.Add(shareKey);
        hasWritten = true;
        return NumberAsync(
            """
            WITH dropped AS (
              UPDATE op SET data = NULL
              WHERE share_key = $1 AND cursor BETWEEN $2 AND $3 AND data IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM doc d WHERE d.share_key = op.share_key AND d.kind = op.kind AND d.key = op.key
                  AND d.cursor = op.cursor)
              RETURNING cursor)
            SELECT COALESCE(max(cursor), 0) FROM dropped
            """,
            shareKey, from, to);
    }

    public void SetFolded(long shareKey, long folded) => WriteShare(shareKey, "folded", folded);

    public void SetCompacted(long shareKey, long scanned, long compacted)
    {
        WriteShare(shareKey, "scanned", scanned);
        WriteShare(shareKey, "compacted", compacted);
    }

    public void SetOpenTurn(long shareKey, string key, long cursor, long? writerKey)
    {
        hasWritten = true;
        changes.Add(shareKey);
        changes.Send(Session);
        PendingAppends.SendTurn(Session, shareKey, key, cursor, writerKey);
    }

    public void Probe() => Write("UPDATE probe SET written = written + 1");

    public void InsertAudit(AuditRow row)
    {
        hasWritten = true;
        audit.Insert(Session, row);
    }

    public void InsertSeal(AuditSeal seal)
    {
        hasWritten = true;
        AuditWrites.InsertSeal(Session, seal);
    }

    public void RemoveSegment(AuditSeal oldest)
    {
        hasWritten = true;
        AuditWrites.RemoveSegment(Session, oldest);
    }

    public void SetLastRedeemed(long refKey, long ms) =>
        Write("UPDATE sturdy_ref SET last_redeemed_ms = $2 WHERE ref_key = $1", refKey, ms);

    public void InsertSessionShare(SessionShareRow row) => Write(
        "INSERT INTO session_share (share_key, creator_key, session_id) VALUES ($1, $2, $3)", row.ShareKey,
        row.CreatorKey, row.SessionId);

    public void InsertSessionRef(long shareKey, long refKey) =>
        Write("INSERT INTO session_ref (share_key, ref_key) VALUES ($1, $2)", shareKey, refKey);

    public void InsertOpenCreator(long refKey) => Write("INSERT INTO open_creator (ref_key) VALUES ($1)", refKey);

    public override ValueTask DisposeAsync()
    {
        if (Session.Refused == PostgresFailures.KnownDocument) trust.Doubt();
        return base.DisposeAsync();
    }

    protected override void BeforeRead() => changes.Send(Session);

    private void WriteShare(long shareKey, string column, PostgresValue value)
    {
        changes.Add(shareKey);
        Write($"UPDATE share SET {column} = $2 WHERE share_key = $1", shareKey, value);
    }

    private ValueTask<long> InsertAsync(string sql, params PostgresValue[] values)
    {
        hasWritten = true;
        return NumberAsync(sql, values);
    }

    private void Write(string sql, params ReadOnlySpan<PostgresValue> values)
    {
        hasWritten = true;
        Session.Send(sql, values);
    }

    private static string ToText(RefRow row) => JsonSerializer.Serialize(row.Caveats, ProtocolJson.Options);
}
