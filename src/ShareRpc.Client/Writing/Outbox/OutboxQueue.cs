using System.Text.Json;
using ShareRpc.Client.Reading;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sqlite;

namespace ShareRpc.Client.Writing.Outbox;

internal sealed class OutboxQueue(
    OutboxDatabase database, OutboxWrites writes, OutboxRows rows, OutboxBatches batches, OutboxRefused refused,
    long maxBytes)
{
    private readonly Statements sql = database.Statements;

    /// <summary>Durable. Skips known op ids; throws <see cref="ArgumentException"/> on other content.</summary>
    public Task EnqueueAsync(
        long shareKey, IReadOnlyList<OpIntent> ops, string? group, Bookmark? bookmark,
        CancellationToken cancellationToken) => writes.WriteAsync(
        () =>
        {
            Enqueue(shareKey, ops, group, bookmark);
            return true;
        },
        cancellationToken);

    /// <summary>Returns null, a sent batch as first grouped, or a new durable one.</summary>
    public OpBatch? TakeBatch(long shareKey, long afterSeq, ProtocolLimits limits) =>
        writes.Write(() => batches.Take(shareKey, afterSeq, limits));

    /// <summary>One transaction; takes nothing if an ack does not name every op.</summary>
    public Task<Step> StepAsync(
        long shareKey, IReadOnlyList<(OpBatch Batch, Ack Ack)> acked, WaitTimes times, int room, long afterSeq,
        ProtocolLimits limits,
        CancellationToken cancellationToken) => writes.WriteAsync(
        () =>
        {
            bool namesAll = true;
            foreach ((OpBatch batch, Ack ack) in acked) namesAll &= batches.Settle(shareKey, batch, ack, times);
            var taken = new List<OpBatch>();
            long after = afterSeq;
            while (namesAll && taken.Count < room && batches.Take(shareKey, after, limits) is { } next)
            {
                taken.Add(next);
                after = next.Ops[^1].Seq!.Value;
            }

            return new Step(namesAll, taken);
        },
        cancellationToken);

    public (long Seq, bool WasSent)? FirstUnacked(long shareKey, long afterSeq)
    {
        lock (database.Gate)
        {
            long row = rows.FirstRow(shareKey, afterSeq);
            return row == 0 ? null : (OutboxRows.SeqOf(row), OutboxRows.SeqOf(row) <= rows.LastSentSeq(shareKey));
        }
    }

    /// <summary>Returns whether the ack named every op.</summary>
    public bool Settle(long shareKey, OpBatch batch, Ack ack, WaitTimes times)
    {
        bool namesAll = writes.Write(() => batches.Settle(shareKey, batch, ack, times));
        writes.Signal();
        return namesAll;
    }

    /// <summary>Keeps op ids and order; for copied outboxes.</summary>
    public void StartNewWriter(long shareKey)
    {
        writes.Write(() => batches.RenumberAsNewWriter(shareKey));
        writes.Signal();
    }

    /// <summary>Parks a single op or an atomic group.</summary>
    public void SplitOrPark(long shareKey, OpBatch batch, string code, string message)
    {
        writes.Write(() =>
        {
            if (batch.Ops.Count > 1 && batch.Atomic != true)
            {
                batches.Split(shareKey, batch.BatchId, batch.Ops[batch.Ops.Count / 2].Seq!.Value);
                return;
            }

            foreach (OpIntent op in batch.Ops) refused.Refuse(shareKey, op.OpId, OutboxRefused.Failed, code, message,
                null);

            // These seqs were not consumed.
            batches.RenumberAsNewWriter(shareKey);
        });
        writes.Signal();
    }

    /// <summary>Parks all ops; sent ones get an unknown outcome, unless it is known that none was applied.</summary>
    public void Close(long shareKey, string code, string message, bool isOutcomeKnown = false)
    {
        writes.Write(() =>
        {
            long next = rows.NextSeq(shareKey);
            long lastSent = OutboxRows.RowOf(shareKey, rows.LastSentSeq(shareKey));
            sql.Execute(
                """
                UPDATE refused SET outcome_unknown = was_sent AND NOT ?4, state = 2, code = ?2, message = ?3
                WHERE share_key = ?1 AND state = 3
                """,
                shareKey, code, message, isOutcomeKnown ? 1 : 0);
            sql.Execute(
                $"""
                INSERT INTO refused (row_id, share_key, {OutboxRows.OpContent}, was_sent, outcome_unknown,
                  waiting_since_ms, state, code, message)
                SELECT place, share_key, {OutboxRows.OpContent}, was_sent OR row_id <= ?3,
                  (was_sent OR row_id <= ?3) AND NOT ?6, waiting_since_ms, 2, ?4, ?5
                FROM op WHERE row_id BETWEEN ?1 AND ?2 ORDER BY row_id
                """,
                OutboxRows.RowOf(shareKey, 0), OutboxRows.RowOf(shareKey, OutboxRows.MaxSeq), lastSent, code, message,
                isOutcomeKnown ? 1 : 0);
            sql.Execute("DELETE FROM op WHERE row_id BETWEEN ?1 AND ?2", OutboxRows.RowOf(shareKey, 0),
                OutboxRows.RowOf(shareKey, OutboxRows.MaxSeq));
            sql.Execute("DELETE FROM batch WHERE share_key = ?1", shareKey);
            sql.Execute("UPDATE share SET closed_code = ?2, next_seq = ?3 WHERE share_key = ?1", shareKey, code, next);
        });
        writes.Signal();
    }

    private void Enqueue(long shareKey, IReadOnlyList<OpIntent> ops, string? group, Bookmark? bookmark)
    {
        CheckOpen(shareKey);
        CheckRoom();
        long seq = rows.NextSeq(shareKey);
        bool hasRefused = sql.ReadNumber("SELECT EXISTS (SELECT 1 FROM refused WHERE share_key = ?1)", shareKey) != 0;
        PreparedStatement insert = sql.Prepare(
            """
            INSERT INTO op (row_id, op_id, verb, kind, key, depends_on, if_changed, atomic_group, data)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (op_id, share_key) DO NOTHING
            """);
        foreach (OpIntent op in ops)
        {
            bool isNew = !hasRefused
                || sql.ReadNumber("SELECT EXISTS (SELECT 1 FROM refused WHERE share_key = ?1 AND op_id = ?2)", shareKey,
                    op.OpId) == 0;
            if (isNew)
            {
                insert.Bind(1, OutboxRows.RowOf(shareKey, seq)).Bind(2, op.OpId).Bind(3, op.Verb).Bind(4, op.Kind)
                    .Bind(5, op.Key).Bind(6, DependsOnOf(op)).Bind(7, op.IfChanged == true ? 1 : 0).Bind(8, group)
                    .BindBytes(9, op.Data?.Utf8);
                isNew = insert.Run() == 1;
            }

            if (isNew) seq++;
            else CheckSame(shareKey, op);
        }

        if (bookmark is null) return;
        sql.Execute(
            """
            INSERT INTO bookmark (share_key, name, value) VALUES (?1, ?2, ?3)
            ON CONFLICT (share_key, name) DO UPDATE SET value = excluded.value
            """, shareKey, bookmark.Name, bookmark.Value);
    }

    private void CheckOpen(long shareKey)
    {
        bool isClosed = sql.ReadNumber("SELECT closed_code IS NOT NULL FROM share WHERE share_key = ?1", shareKey) != 0;
        if (!isClosed) return;
        string? closed = sql.ReadText("SELECT closed_code FROM share WHERE share_key = ?1", shareKey);
        throw new OutboxException($"Nothing more can be sent to this share: {closed}.");
    }

    private void CheckRoom()
    {
        long pages = sql.ReadNumber("PRAGMA page_count") - sql.ReadNumber("PRAGMA freelist_count");
        if (pages * database.Log.PageBytes < maxBytes) return;
        throw new OutboxException(
            $"The outbox is full ({maxBytes / (1024 * 1024)} MiB are waiting to be sent). "
            + "Bring the server back within reach, or raise the limit.");
    }

    /// <summary>Compares as the server does ([OP-12]).</summary>
    private void CheckSame(long shareKey, OpIntent op)
    {
        long same = sql.ReadNumber(
            """
            SELECT EXISTS (SELECT 1 FROM op
                WHERE share_key = ?1 AND op_id = ?2 AND verb = ?3 AND kind = ?4 AND key = ?5 AND data IS ?6
                  AND depends_on IS ?7)
              OR EXISTS (SELECT 1 FROM refused
                WHERE share_key = ?1 AND op_id = ?2 AND verb = ?3 AND kind = ?4 AND key = ?5 AND data IS ?6
                  AND depends_on IS ?7)
            """,
            shareKey, op.OpId, op.Verb, op.Kind, op.Key, op.Data?.Utf8.ToArray(), DependsOnOf(op));
        if (same == 0) throw new ArgumentException(
            $"The op id {op.OpId} stands for another op already; a different intent needs its own.");
    }

    private static string? DependsOnOf(OpIntent op) =>
        op.DependsOn is { Count: > 0 } dependsOn ? JsonSerializer.Serialize(dependsOn) : null;

    /// <summary>What a sender's step did.</summary>
    /// <param name="NamesAll">Every ack named every op of its batch.</param>
    /// <param name="Taken">The batches to send, in order.</param>
    internal sealed record Step(bool NamesAll, IReadOnlyList<OpBatch> Taken);
}
