using Microsoft.Data.Sqlite;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Client.Outbox;

internal sealed partial class OutboxFile
{
    /// <summary>
    /// The next batch after a seq: one that was in flight before, with the grouping it was first sent in, or a new one, whose grouping is
    /// on disk before this returns. Null when there is none. Looks at the rows of the batch only, however long the queue.
    /// </summary>
    public OpBatch? TakeBatch(long shareKey, long afterSeq, ProtocolLimits limits) => database.Write(() =>
    {
        List<(long Seq, string? BatchId, string? Group)> next = database.Read(
            "SELECT seq, batch_id, atomic_group FROM op WHERE share_key = $1 AND seq > $2 ORDER BY seq LIMIT 1",
            row => (row.GetInt64(0), Text(row, 1), Text(row, 2)), shareKey, afterSeq);
        if (next.Count == 0) return null;
        (long first, string? batchId, string? group) = next[0];
        long last = (batchId, group) switch
        {
            (not null, _) => LastOfRun(shareKey, first, "batch_id", batchId),
            (null, not null) => LastOfRun(shareKey, first, "atomic_group", group),
            _ => LastOfGroup(shareKey, first, limits),
        };
        batchId ??= OpId.New();
        database.Execute(
            "UPDATE op SET state = 1, batch_id = $4, attempts = attempts + 1 WHERE share_key = $1 AND seq BETWEEN $2 AND $3",
            shareKey, first, last, batchId);
        List<OpIntent> ops = database.Read(
            $"SELECT {OpColumns} FROM op WHERE share_key = $1 AND seq BETWEEN $2 AND $3 ORDER BY seq", ReadOp, shareKey, first, last);
        return new OpBatch { BatchId = batchId, Ops = ops, Atomic = group is null ? null : true };
    });

    /// <summary>The lowest seq that is not acked, and whether it was sent before; null when there is none.</summary>
    public (long Seq, bool WasSent)? FirstUnacked(long shareKey, long afterSeq)
    {
        lock (database.Gate)
        {
            List<(long, bool)> first = database.Read(
                "SELECT seq, state = 1 FROM op WHERE share_key = $1 AND seq > $2 ORDER BY seq LIMIT 1",
                row => (row.GetInt64(0), row.GetInt64(1) == 1), shareKey, afterSeq);
            return first.Count == 0 ? null : first[0];
        }
    }

    /// <summary>
    /// Settles what the ack names, and nothing else: applied and duplicate rows go, rejected ones are parked or wait. True when it named
    /// every op of the batch.
    /// </summary>
    public bool Settle(long shareKey, OpBatch batch, Ack ack, WaitTimes times)
    {
        var left = batch.Ops.Select(op => op.OpId).ToHashSet(StringComparer.Ordinal);
        database.Write(() =>
        {
            List<string> settled = [.. ack.Applied.Concat(ack.Duplicates).Select(op => op.OpId).Where(left.Remove)];
            foreach (string opId in settled) database.Execute("DELETE FROM op WHERE share_key = $1 AND op_id = $2", shareKey, opId);
            ParkOrWait(shareKey, batch, [.. ack.Rejected.Where(op => left.Remove(op.OpId))], times);
            RequeueDependents(shareKey, settled);

            database.Execute(
                """
                UPDATE share SET cursor = MAX(cursor, $2), applied = applied + $3, duplicates = duplicates + $4 WHERE share_key = $1
                """,
                shareKey, ack.Cursor, ack.Applied.Count, ack.Duplicates.Count);
        });
        Signal();
        return left.Count == 0;
    }

    /// <summary>
    /// Goes on as a new writer: what is not acked keeps its op ids and order, and gets seqs from 1. Used when another copy of this outbox
    /// has
    /// sent under the old writer id; op ids make it safe to send everything again.
    /// </summary>
    public void StartNewWriter(long shareKey)
    {
        database.Write(() => RenumberAsNewWriter(shareKey));
        Signal();
    }

    /// <summary>Halves a batch that is too large for the server; a batch of one op, or an atomic one, is parked instead.</summary>
    public void SplitOrPark(long shareKey, OpBatch batch, string code, string message)
    {
        database.Write(() =>
        {
            if (batch.Ops.Count > 1 && batch.Atomic != true)
            {
                long middle = batch.Ops[batch.Ops.Count / 2].Seq!.Value;
                database.Execute(
                    "UPDATE op SET batch_id = $4 WHERE share_key = $1 AND batch_id = $2 AND seq >= $3", shareKey, batch.BatchId, middle,
                        OpId.New());
                return;
            }

            foreach (OpIntent op in batch.Ops) Park(shareKey, op.OpId, code, message, outcomeUnknown: false);

            // The server consumed none of these seqs.
            RenumberAsNewWriter(shareKey);
        });
        Signal();
    }

    /// <summary>Access has ended for good: what waits is parked, and what was ever sent is marked as of unknown outcome.</summary>
    public void Close(long shareKey, string code, string message)
    {
        database.Write(() =>
        {
            database.Execute(
                """
                UPDATE op SET outcome_unknown = CASE WHEN attempts > 0 THEN 1 ELSE 0 END, state = 2, seq = NULL, code = $2, message = $3
                WHERE share_key = $1 AND state IN (0, 1, 3)
                """,
                shareKey, code, message);
            database.Execute("UPDATE share SET closed_code = $2 WHERE share_key = $1", shareKey, code);
        });
        Signal();
    }

    private void RenumberAsNewWriter(long shareKey)
    {
        // Through negative numbers, because the seqs are unique at every moment.
        database.Execute(
            """
            UPDATE op SET seq = -n.number FROM (
              SELECT row_id AS id, ROW_NUMBER() OVER (ORDER BY seq) AS number FROM op WHERE share_key = $1 AND state IN (0, 1)) AS n
            WHERE op.row_id = n.id
            """,
            shareKey);
        database.Execute("UPDATE op SET seq = -seq WHERE share_key = $1 AND seq < 0", shareKey);
        long next = 1 + database.ReadNumber("SELECT COALESCE(MAX(seq), 0) FROM op WHERE share_key = $1", shareKey);
        database.Execute("UPDATE share SET writer_id = $2, next_seq = $3 WHERE share_key = $1", shareKey, RandomId.New(), next);
    }

    private void Park(long shareKey, string opId, string code, string message, bool outcomeUnknown) => database.Execute(
        "UPDATE op SET state = 2, seq = NULL, code = $3, message = $4, outcome_unknown = $5 WHERE share_key = $1 AND op_id = $2",
        shareKey, opId, code, message, outcomeUnknown ? 1 : 0);

    /// <summary>The end of the rows from <paramref name="first"/> on that have the same value in a column.</summary>
    private long LastOfRun(long shareKey, long first, string column, string value) => database.ReadNumber(
        $"""
        SELECT COALESCE(
          (SELECT seq - 1 FROM op WHERE share_key = $1 AND seq > $2 AND {column} IS NOT $3 ORDER BY seq LIMIT 1),
          (SELECT seq FROM op WHERE share_key = $1 AND seq >= $2 ORDER BY seq DESC LIMIT 1))
        """,
        shareKey, first, value);

    /// <summary>As many ops as the server's limits allow: at least one, none of an atomic group, none that was sent before.</summary>
    private long LastOfGroup(long shareKey, long first, ProtocolLimits limits)
    {
        long most = Math.Min(limits.BatchBytes, limits.FrameBytes / 2);
        long last = first - 1;
        long bytes = 0;
        List<(long Seq, long Bytes, bool IsOther)> rows = database.Read(
            """
            SELECT seq, COALESCE(LENGTH(data), 0), atomic_group IS NOT NULL OR batch_id IS NOT NULL
            FROM op WHERE share_key = $1 AND seq >= $2 ORDER BY seq LIMIT $3
            """,
            (SqliteDataReader row) => (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2) == 1), shareKey, first, limits.BatchOps);
        foreach ((long seq, long size, bool isOther) in rows)
        {
            bytes += size;
            if (last >= first && (isOther || bytes > most)) break;
            last = seq;
        }

        return last;
    }
}
