using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sqlite;

namespace ShareRpc.Client.Writing.Outbox;

/// <summary>Rows become batches, and batches are settled. Inside a write transaction.</summary>
internal sealed partial class OutboxFile
{
    private OpBatch? Take(long shareKey, long afterSeq, ProtocolLimits limits)
    {
        long row = FirstRow(shareKey, afterSeq);
        if (row == 0) return null;
        long first = SeqOf(row);
        if (FindBatch(shareKey, first) is { } sent) return ReadRows(shareKey, first, sent.BatchId, sent.LastSeq, limits);
        OpBatch batch = ReadRows(shareKey, first, OpId.New(), null, limits);
        InsertBatch(shareKey, first, batch.Ops[^1].Seq!.Value, batch.BatchId);
        return batch;
    }

    private (string BatchId, long LastSeq)? FindBatch(long shareKey, long seq)
    {
        using Rows row = sql.Query(
            "SELECT batch_id, last_seq FROM batch WHERE share_key = ?1 AND first_seq <= ?2 ORDER BY first_seq DESC LIMIT 1", shareKey, seq);
        return row.Read() && row.Number(1) >= seq ? (row.Text(0), row.Number(1)) : null;
    }

    /// <summary>
    /// The rows of a batch that was sent before, up to its end; or, without one, as many as the server's limits allow: at least one, all
    /// of an atomic group and nothing else, or none of any.
    /// </summary>
    private OpBatch ReadRows(long shareKey, long first, string batchId, long? last, ProtocolLimits limits)
    {
        long most = Math.Min(limits.BatchBytes, limits.FrameBytes / 2);
        long bytes = 0;
        string? group = null;
        var ops = new List<OpIntent>();
        using Rows row = sql.Query(
            $"SELECT {OpContent}, row_id FROM op WHERE row_id BETWEEN ?1 AND ?2 ORDER BY row_id",
            RowOf(shareKey, first), RowOf(shareKey, last ?? MaxSeq));
        while (row.Read())
        {
            string? itsGroup = row.TextOrNull(Columns.Group);
            if (ops.Count == 0) group = itsGroup;
            int size = row.Blob(Columns.Data).Length;
            bool isFull = group is null && (ops.Count >= limits.BatchOps || bytes + size > most);
            bool isNext = SeqOf(row.Number(Columns.Row)) == first + ops.Count;
            if (last is null && ops.Count > 0 && (itsGroup != group || isFull || !isNext)) break;
            bytes += size;
            ops.Add(ReadOp(row, ops.Count > 0 ? ops[^1] : null));
        }

        return new OpBatch { BatchId = batchId, Ops = ops, Atomic = group is null ? null : true };
    }

    /// <summary>Verbs and kinds repeat from row to row: their strings are shared with the op before.</summary>
    private static OpIntent ReadOp(Rows row, OpIntent? before) => new()
    {
        OpId = row.Text(Columns.OpId), Seq = SeqOf(row.Number(Columns.Row)),
        Verb = TextLike(row.Blob(Columns.Verb), before?.Verb), Kind = TextLike(row.Blob(Columns.Kind), before?.Kind),
        Key = row.Text(Columns.Key),
        DependsOn = row.TextOrNull(Columns.DependsOn) is { } json ? JsonSerializer.Deserialize<string[]>(json) : null,
        IfChanged = row.Number(Columns.IfChanged) == 1 ? true : null,
        Data = row.IsNull(Columns.Data) ? null : new RawJson(row.Blob(Columns.Data).ToArray()),
    };

    private static string TextLike(ReadOnlySpan<byte> utf8, string? known) =>
        known is not null && Ascii.Equals(utf8, known) ? known : Encoding.UTF8.GetString(utf8);

    private bool SettleBatch(long shareKey, OpBatch batch, Ack ack, WaitTimes times)
    {
        bool namesAll = true;
        if (!TrySettleWhole(shareKey, batch, ack))
        {
            HashSet<string> left = batch.Ops.Select(op => op.OpId).ToHashSet(StringComparer.Ordinal);
            foreach (string opId in ack.Applied.Concat(ack.Duplicates).Select(op => op.OpId).Where(left.Remove)) Delete(shareKey, opId);
            ParkOrWait(shareKey, batch, [.. ack.Rejected.Where(op => left.Remove(op.OpId))], times);
            ForgetIfEmpty(shareKey, batch.BatchId);
            namesAll = left.Count == 0;
        }

        RequeueDependents(shareKey, ack);
        sql.Execute(
            """
            UPDATE share SET cursor = MAX(cursor, ?2), applied = applied + ?3, duplicates = duplicates + ?4
            WHERE share_key = ?1
            """,
            shareKey, ack.Cursor, ack.Applied.Count, ack.Duplicates.Count);
        return namesAll;
    }

    /// <summary>
    /// The usual case: the ack names all ops of a batch as done, in their order, and the rows are still grouped as they were sent, so that
    /// those between its seqs are the very ops that were named. They go as one range.
    /// </summary>
    private bool TrySettleWhole(long shareKey, OpBatch batch, Ack ack)
    {
        if (ack.Rejected.Count > 0 || ack.Applied.Count + ack.Duplicates.Count != batch.Ops.Count) return false;
        int applied = 0, duplicates = 0;
        foreach (OpIntent op in batch.Ops)
        {
            if (applied < ack.Applied.Count && ack.Applied[applied].OpId == op.OpId) applied++;
            else if (duplicates < ack.Duplicates.Count && ack.Duplicates[duplicates].OpId == op.OpId) duplicates++;
            else return false;
        }

        long first = batch.Ops[0].Seq!.Value, last = batch.Ops[^1].Seq!.Value;
        if (FindBatch(shareKey, first) is not { } sent || sent.BatchId != batch.BatchId || sent.LastSeq != last) return false;
        sql.Execute("DELETE FROM op WHERE row_id BETWEEN ?1 AND ?2", RowOf(shareKey, first), RowOf(shareKey, last));
        sql.Execute("DELETE FROM batch WHERE share_key = ?1 AND batch_id = ?2", shareKey, batch.BatchId);
        RaiseNextSeq(shareKey, last);
        return true;
    }

    private void Delete(long shareKey, string opId)
    {
        long row = FindRow(shareKey, opId);
        if (row == 0) return;
        sql.Execute("DELETE FROM op WHERE row_id = ?1", row);
        RaiseNextSeq(shareKey, SeqOf(row));
    }

    private long FindRow(long shareKey, string opId) =>
        sql.ReadNumber("SELECT row_id FROM op WHERE op_id = ?1 AND share_key = ?2", opId, shareKey);

    /// <summary>A row that leaves takes its seq with it.</summary>
    private void RaiseNextSeq(long shareKey, long seq) =>
        sql.Execute("UPDATE share SET next_seq = ?2 WHERE share_key = ?1 AND next_seq < ?2", shareKey, seq + 1);

    /// <summary>A batch that has no rows left is no batch.</summary>
    private void ForgetIfEmpty(long shareKey, string batchId) => sql.Execute(
        """
        DELETE FROM batch WHERE share_key = ?1 AND batch_id = ?2 AND NOT EXISTS (
          SELECT 1 FROM op WHERE row_id BETWEEN (?1 << 40) | first_seq AND (?1 << 40) | last_seq)
        """,
        shareKey, batchId);

    /// <summary>Where <see cref="OpContent"/> and the row's id stand in the rows of a batch.</summary>
    private static class Columns
    {
        public const int OpId = 0;
        public const int Verb = 1;
        public const int Kind = 2;
        public const int Key = 3;
        public const int DependsOn = 4;
        public const int IfChanged = 5;
        public const int Data = 6;
        public const int Group = 7;
        public const int Row = 8;
    }
}
