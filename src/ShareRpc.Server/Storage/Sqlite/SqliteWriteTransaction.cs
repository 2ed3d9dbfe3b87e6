using System.Text.Json;
using ShareRpc.Protocol.Diagnostics;
using ShareRpc.Protocol.Json;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

internal sealed class SqliteWriteTransaction : SqliteReads, IWriteTransaction
{
    private readonly AppendStatements append;
    private readonly LogMaintenance log;
    private readonly RevokedLog? revoked;
    private bool open;

    /// <param name="connection">The one that writes.</param>
    /// <param name="log">Its log.</param>
    /// <param name="revoked">Gets changes of access before they are committed; null when they come from there.</param>
    public SqliteWriteTransaction(StoreConnection connection, LogMaintenance log, RevokedLog? revoked)
        : base(connection)
    {
        (append, this.log, this.revoked) = (connection.Append, log, revoked);
        log.BeforeTransaction();
        append.Begin.Run();
        open = true;
    }

    public ValueTask<bool> CommitAsync()
    {
        append.Runs.Flush();
        if (revoked?.Write() is { } last)
        {
            FaultPoint.Pass("server.after_revoked_log");
            Statements.Execute(StoreSettings.Set, StoreSettings.Revoked, last);
        }

        FaultPoint.Pass("server.before_commit");
        append.Commit.Run();
        open = false;
        revoked?.Forget();
        FaultPoint.Pass("server.after_commit");
        return new(log.AfterCommit());
    }

    public override ValueTask DisposeAsync()
    {
        if (!open) return default;
        open = false;
        append.Forget();
        revoked?.TakeBack();
        try
        {
            Statements.Execute("ROLLBACK");
        }
        catch (StorageException)
        {
            // SQLite rolled back itself, as on a full disk.
        }
        return default;
    }

    public ValueTask<IReadOnlyList<AppendFacts>> ReadForAppendAsync(IReadOnlyList<AppendLookup> lookups)
    {
        var facts = new AppendFacts[lookups.Count];
        for (int i = 0; i < facts.Length; i++) facts[i] = append.Read(lookups[i]);
        return new(facts);
    }

    public void Append(AppendedBatch batch) => append.Write(batch);

    public ValueTask<IReadOnlyList<OpRecord>> ReadWriterRecordsAsync(long writerKey, long fromSeq, int count)
    {
        // Runs that overlap the seq range.
        const string Sql = """
            WITH run (seq, cursor, count) AS (
              SELECT seq, cursor, count FROM writer_run WHERE writer_key = ?1 AND seq < ?3
                AND seq >= COALESCE((SELECT MAX(seq) FROM writer_run WHERE writer_key = ?1 AND seq <= ?2), ?2)
              UNION ALL SELECT run_seq, run_cursor, run_count FROM writer WHERE writer_key = ?1)
            SELECT op_id, digest, cursor, applied, code FROM (
              SELECT o.op_id, o.digest, o.cursor, 1 AS applied, NULL AS code, o.seq FROM run r CROSS JOIN op o
              WHERE o.share_key = (SELECT share_key FROM writer WHERE writer_key = ?1) AND o.writer_key = ?1
                AND o.cursor BETWEEN r.cursor + MAX(?2 - r.seq, 0) AND r.cursor + MIN(r.count, ?3 - r.seq) - 1
              UNION ALL
              SELECT op_id, digest, cursor, 0, code, seq FROM rejection WHERE writer_key = ?1 AND seq >= ?2
                AND seq < ?3)
            ORDER BY seq
            """;
        append.Runs.Flush();
        return new(Statements.ReadAll(Sql, KnownIds.ReadRecord, writerKey, fromSeq, fromSeq + count));
    }

    public ValueTask<long> InsertWriterAsync(long shareKey, string writerId, long refKey) => new(Insert(
        "INSERT INTO writer (share_key, writer_id, ref_key, acked_seq) VALUES (?1, ?2, ?3, 0)", shareKey, writerId,
            refKey));

    public ValueTask<long> InsertShareAsync(string shareId, long creatorKey, string? label, long createdMs) =>
        new(Insert(
        "INSERT INTO share (share_id, owner_ref_key, creator_key, label, state, created_ms) VALUES (?1, 0, ?2, ?3, 0, "
            + "?4)",
        shareId, creatorKey, label, createdMs));

    public void SetOwner(long shareKey, long ownerRefKey) =>
        Statements.Execute("UPDATE share SET owner_ref_key = ?2 WHERE share_key = ?1", shareKey, ownerRefKey);

    public void SetShareState(long shareKey, ShareState state)
    {
        Statements.Execute("UPDATE share SET state = ?2 WHERE share_key = ?1", shareKey, (int)state);
        if (revoked is null || state == ShareState.Active) return;
        const string Ids =
            "SELECT s.share_id, r.cap_id FROM share s JOIN sturdy_ref r ON r.ref_key = owner_ref_key "
            + "WHERE s.share_key = ?1";
        (string share, string owner) = Statements.ReadOne(Ids, row => (row.Text(0), row.Text(1)), shareKey);
        string action = state == ShareState.Deleted ? RevokedEntry.Delete : RevokedEntry.End;
        revoked.Add(new RevokedEntry { Action = action, ShareId = share, CapId = owner });
    }

    public void SetShareKept(long shareKey, long keptMs) =>
        Statements.Execute("UPDATE share SET kept_ms = ?2 WHERE share_key = ?1", shareKey, keptMs);

    public void SetShareLabel(long shareKey, string label) =>
        Statements.Execute("UPDATE share SET label = ?2 WHERE share_key = ?1", shareKey, label);

    public ValueTask<bool> EraseShareAsync(long shareKey, int rows, long bytes) =>
        new(!new ShareErasure(Statements, shareKey, rows).EraseSome(bytes));

    public void SetErased(long shareKey) =>
        Statements.Execute("UPDATE share SET erased = 1 WHERE share_key = ?1", shareKey);

    public ValueTask<long> InsertRefAsync(RefRow row) => new(Insert(
        """
        INSERT INTO sturdy_ref (
          cap_id, share_key, parent_key, parent_epoch, depth, rights, caveats, epoch, label, verifier, created_ms,
          passphrase, grant_ends_ms)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
        """,
        row.CapId, row.ShareKey, row.ParentKey, row.ParentEpoch, row.Depth, (int)row.Rights,
        JsonSerializer.Serialize(row.Caveats, ProtocolJson.Options), row.Epoch, row.Label, row.Verifier, row.CreatedMs,
        row.Passphrase, row.GrantEndsMs));

    public void SetRevoked(long refKey, long epoch, long revokedMs)
    {
        Statements.Execute("UPDATE sturdy_ref SET epoch = ?2, revoked_ms = ?3 WHERE ref_key = ?1", refKey, epoch,
            revokedMs);
        Note(RevokedEntry.Revoke, refKey, entry => entry with { Epoch = epoch, TimeMs = revokedMs });
    }

    public void SetSuspended(long refKey, long? suspendedMs)
    {
        Statements.Execute("UPDATE sturdy_ref SET suspended_ms = ?2 WHERE ref_key = ?1", refKey, suspendedMs);
        Note(suspendedMs is null ? RevokedEntry.Resume : RevokedEntry.Suspend, refKey,
            entry => entry with { TimeMs = suspendedMs });
    }

    public void Rotate(RefRow row, long epoch, byte[] verifier, string? passphrase)
    {
        Statements.Execute(
            "INSERT INTO former_secret (ref_key, epoch, verifier) VALUES (?1, ?2, ?3)", row.Key, row.Epoch,
                row.Verifier);
        Statements.Execute(
            "UPDATE sturdy_ref SET epoch = ?2, verifier = ?3, passphrase = ?4 WHERE ref_key = ?1", row.Key, epoch,
                verifier, passphrase);
        Note(RevokedEntry.Rotate, row.Key,
            entry => entry with { Epoch = epoch, Verifier = verifier, Passphrase = passphrase });
    }

    public ValueTask<IReadOnlyList<long>> EndGrantsAsync(long linkKey, long nowMs) => new(Statements.ReadAll(
        """
        UPDATE sturdy_ref SET epoch = epoch + 1, revoked_ms = ?2
        WHERE parent_key = ?1 AND grant_ends_ms > ?2 AND revoked_ms IS NULL
        RETURNING ref_key
        """,
        row => row.Number(0), linkKey, nowMs));

    public ValueTask<bool> DeleteGrantsAsync(long endedBeforeMs, int rows)
    {
        // Descendants first.
        List<long> keys = Statements.ReadAll(
            """
            WITH RECURSIVE gone (key) AS (
              SELECT ref_key FROM sturdy_ref
              WHERE grant_ends_ms IS NOT NULL AND (grant_ends_ms <= ?1 OR revoked_ms <= ?1)
              UNION SELECT child.ref_key FROM gone JOIN sturdy_ref child ON child.parent_key = gone.key)
            SELECT key FROM gone
            WHERE NOT EXISTS (SELECT 1 FROM sturdy_ref child WHERE child.parent_key = gone.key) LIMIT ?2
            """,
            row => row.Number(0), endedBeforeMs, rows);
        foreach (long key in keys)
        {
            Statements.Execute(
                """
                INSERT INTO gone_ref (ref_key, cap_id, parent_key)
                SELECT ref_key, cap_id, parent_key FROM sturdy_ref WHERE ref_key = ?1
                """,
                key);
            Statements.Execute("DELETE FROM former_secret WHERE ref_key = ?1", key);
            Statements.Execute("DELETE FROM quota WHERE ref_key = ?1", key);
            Statements.Execute("DELETE FROM sturdy_ref WHERE ref_key = ?1", key);
        }

        append.Quotas.Forget();
        return new(keys.Count == 0);
    }

    public void Adopt(RefRow row)
    {
        Statements.Execute(
            """
            UPDATE sturdy_ref SET parent_key = ?2, parent_epoch = ?3, retired_ms = ?4, caveats = ?5, suspended_ms = ?6
            WHERE ref_key = ?1
            """,
            row.Key, row.ParentKey, row.ParentEpoch, row.RetiredMs,
            JsonSerializer.Serialize(row.Caveats, ProtocolJson.Options), row.SuspendedMs);
        Note(RevokedEntry.Adopt, row.Key, entry =>
            entry with { TimeMs = row.RetiredMs, Caveats = row.Caveats, SuspendedMs = row.SuspendedMs });
    }

    public void CountUse(long refKey, long nowMs) => Statements.Execute(
        "UPDATE sturdy_ref SET uses = uses + 1, used_ms = COALESCE(used_ms, ?2) WHERE ref_key = ?1", refKey, nowMs);

    public void AddQuota(long refKey, long day, DayUse more) => append.Quotas.Add(refKey, day, more);

    public void WriteDocs(long shareKey, IReadOnlyList<FoldedDoc> docs) => append.Write(shareKey, docs);

    public ValueTask<long> DropDataAsync(long shareKey, long from, long to) => new(Statements.ReadAll(
        """
        UPDATE op SET data = NULL WHERE share_key = ?1 AND cursor BETWEEN ?2 AND ?3 AND data IS NOT NULL
          AND NOT EXISTS (
          SELECT 1 FROM doc d WHERE d.share_key = op.share_key AND d.kind = op.kind AND d.key = op.key
            AND d.cursor = op.cursor)
        RETURNING cursor
        """,
        row => row.Number(0), shareKey, from, to).DefaultIfEmpty().Max());

    public void SetCompacted(long shareKey, long scanned, long compacted) =>
        Statements.Execute("UPDATE share SET scanned = ?2, compacted = ?3 WHERE share_key = ?1", shareKey, scanned,
            compacted);

    public void SetOpenTurn(long shareKey, string key, long cursor, long? writerKey) =>
        append.SetOpenTurn(shareKey, key, cursor, writerKey);

    public void Probe()
    {
        // Writes a page even for an equal value.
        Statements.Execute($"PRAGMA user_version = {SqliteShareStore.Schema.Newest}");
    }

    public void SetFolded(long shareKey, long folded) => append.SetFolded(shareKey, folded);

    public void InsertAudit(AuditRow row) => Statements.Execute(
        """
        INSERT INTO audit (time_ms, action, actor_key, share_key, subject_key, address, code, count, bytes)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        """,
        row.TimeMs, row.Action, row.ActorKey, row.ShareKey, row.SubjectKey, row.Address, (int?)row.Code, row.Count,
        row.Bytes);

    public void InsertSeal(AuditSeal seal) => Statements.Execute(
        "INSERT INTO audit_seal (first, last, newest_ms, digest) VALUES (?1, ?2, ?3, ?4)",
        seal.First, seal.Last, seal.NewestMs, seal.Digest);

    public void RemoveSegment(AuditSeal oldest)
    {
        Statements.Execute("DELETE FROM audit WHERE position <= ?1", oldest.Last);
        Statements.Execute("DELETE FROM audit_seal WHERE last <= ?1", oldest.Last);
        Statements.Execute("DELETE FROM audit_anchor");
        Statements.Execute("INSERT INTO audit_anchor (last, digest) VALUES (?1, ?2)", oldest.Last, oldest.Digest);
    }

    public void SetLastRedeemed(long refKey, long ms) =>
        Statements.Execute("UPDATE sturdy_ref SET last_redeemed_ms = ?2 WHERE ref_key = ?1", refKey, ms);

    public void InsertSessionShare(SessionShareRow row) => Statements.Execute(
        "INSERT INTO session_share (share_key, creator_key, session_id) VALUES (?1, ?2, ?3)",
        row.ShareKey, row.CreatorKey, row.SessionId);

    public void InsertSessionRef(long shareKey, long refKey) =>
        Statements.Execute("INSERT INTO session_ref (share_key, ref_key) VALUES (?1, ?2)", shareKey, refKey);

    public void InsertOpenCreator(long refKey) =>
        Statements.Execute("INSERT INTO open_creator (ref_key) VALUES (?1)", refKey);

    private void Note(string action, long refKey, Func<RevokedEntry, RevokedEntry> fill)
    {
        if (revoked is null) return;
        string capId = Statements.ReadText("SELECT cap_id FROM sturdy_ref WHERE ref_key = ?1", refKey)!;
        revoked.Add(fill(new RevokedEntry { Action = action, CapId = capId }));
    }

    private long Insert(string sql, params ReadOnlySpan<SqlValue> values)
    {
        Statements.Execute(sql, values);
        return SQLitePCL.raw.sqlite3_last_insert_rowid(Statements.Connection.Handle);
    }
}
