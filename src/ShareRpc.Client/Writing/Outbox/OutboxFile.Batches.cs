using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;

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
        OutboxStatement find = database
            .Prepared("SELECT batch_id, last_seq FROM batch WHERE share_key = ?1 AND first_seq <= ?2 ORDER BY first_seq DESC LIMIT 1")
            .Bind(1, shareKey).Bind(2, seq);
        try
        {
            return find.Step() && find.Number(1) >= seq ? (find.Text(0), find.Number(1)) : null;
        }
        finally
        {
            find.Reset();
        }
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
        OutboxStatement row = database
            .Prepared($"SELECT {OpContent}, row_id FROM op WHERE row_id BETWEEN ?1 AND ?2 ORDER BY row_id")
            .Bind(1, RowOf(shareKey, first)).Bind(2, RowOf(shareKey, last ?? MaxSeq));
        try
        {
            while (row.Step())
            {
                string? itsGroup = row.TextOrNull(Columns.Group);
                if (ops.Count == 0) group = itsGroup;
                int size = row.Bytes(Columns.Data).Length;
                bool isFull = group is null && (ops.Count >= limits.BatchOps || bytes + size > most);
                bool isNext = SeqOf(row.Number(Columns.Row)) == first + ops.Count;
                if (last is null && ops.Count > 0 && (itsGroup != group || isFull || !isNext)) break;
                bytes += size;
                ops.Add(ReadOp(row, ops.Count > 0 ? ops[^1] : null));
            }
        }
        finally
        {
            row.Reset();
        }

        return new OpBatch { BatchId = batchId, Ops = ops, Atomic = group is null ? null : true };
    }

    /// <summary>Verbs and kinds repeat from row to row: their strings are shared with the op before.</summary>
    private static OpIntent ReadOp(OutboxStatement row, OpIntent? before) => new()
    {
        OpId = row.Text(Columns.OpId), Seq = SeqOf(row.Number(Columns.Row)),
        Verb = TextLike(row.Bytes(Columns.Verb), before?.Verb), Kind = TextLike(row.Bytes(Columns.Kind), before?.Kind),
        Key = row.Text(Columns.Key),
        DependsOn = row.TextOrNull(Columns.DependsOn) is { } json ? JsonSerializer.Deserialize<string[]>(json) : null,
        IfChanged = row.Number(Columns.IfChanged) == 1 ? true : null,
        Data = row.IsNull(Columns.Data) ? null : new RawJson(row.Bytes(Columns.Data).ToArray()),
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
        database.Prepared(
            "UPDATE share SET cursor = MAX(cursor, ?2), applied = applied + ?3, duplicates = duplicates + ?4 WHERE share_key = ?1")
            .Bind(1, shareKey).Bind(2, ack.Cursor).Bind(3, ack.Applied.Count).Bind(4, ack.Duplicates.Count).Run();
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
        database.Prepared("DELETE FROM op WHERE row_id BETWEEN ?1 AND ?2")
            .Bind(1, RowOf(shareKey, first)).Bind(2, RowOf(shareKey, last)).Run();
        database.Prepared("DELETE FROM batch WHERE share_key = ?1 AND batch_id = ?2").Bind(1, shareKey).Bind(2, batch.BatchId).Run();
        RaiseNextSeq(shareKey, last);
        return true;
    }

    private void Delete(long shareKey, string opId)
    {
        long row = FindRow(shareKey, opId);
        if (row == 0) return;
        database.Prepared("DELETE FROM op WHERE row_id = ?1").Bind(1, row).Run();
        RaiseNextSeq(shareKey, SeqOf(row));
    }

    private long FindRow(long shareKey, string opId) => database
        .Prepared("SELECT row_id FROM op WHERE op_id = ?1 AND share_key = ?2").Bind(1, opId).Bind(2, shareKey).RunForNumber();

    /// <summary>A row that leaves takes its seq with it.</summary>
    private void RaiseNextSeq(long shareKey, long seq) => database
        .Prepared("UPDATE share SET next_seq = ?2 WHERE share_key = ?1 AND next_seq < ?2").Bind(1, shareKey).Bind(2, seq + 1).Run();

    /// <summary>A batch that has no rows left is no batch.</summary>
    private void ForgetIfEmpty(long shareKey, string batchId) => database.Execute(
        """
        DELETE FROM batch WHERE share_key = $1 AND batch_id = $2 AND NOT EXISTS (
          SELECT 1 FROM op WHERE row_id BETWEEN ($1 << 40) | first_seq AND ($1 << 40) | last_seq)
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
