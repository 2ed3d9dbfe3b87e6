using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sqlite;

namespace ShareRpc.Client.Writing.Outbox;

/// <summary>Requires a write transaction.</summary>
internal sealed class OutboxBatches(OutboxDatabase database, OutboxRows rows, OutboxRefused refused)
{
    private readonly Statements sql = database.Statements;

    public OpBatch? Take(long shareKey, long afterSeq, ProtocolLimits limits)
    {
        long row = rows.FirstRow(shareKey, afterSeq);
        if (row == 0) return null;
        long first = OutboxRows.SeqOf(row);
        if (rows.FindBatch(shareKey, first) is var (sentId, sentLast))
        {
            return ReadRows(shareKey, first, sentId, sentLast, limits);
        }

        OpBatch batch = ReadRows(shareKey, first, OpId.New(), null, limits);
        rows.InsertBatch(shareKey, first, batch.Ops[^1].Seq!.Value, batch.BatchId);
        return batch;
    }

    public bool Settle(long shareKey, OpBatch batch, Ack ack, WaitTimes times)
    {
        bool namesAll = true;
        if (!TrySettleWhole(shareKey, batch, ack))
        {
            HashSet<string> left = batch.Ops.Select(op => op.OpId).ToHashSet(StringComparer.Ordinal);
            foreach (OpCursor done in ack.Applied.Concat(ack.Duplicates).Where(done => left.Remove(done.OpId)))
            {
                rows.Delete(shareKey, done.OpId);
            }

            refused.ParkOrWait(shareKey, batch, [.. ack.Rejected.Where(op => left.Remove(op.OpId))], times);
            rows.ForgetIfEmpty(shareKey, batch.BatchId);
            namesAll = left.Count == 0;
        }

        refused.RequeueDependents(shareKey, ack);
        sql.Execute(
            """
            UPDATE share SET cursor = MAX(cursor, ?2), applied = applied + ?3, duplicates = duplicates + ?4,
              acked_seq = MAX(acked_seq, ?5)
            WHERE share_key = ?1
            """,
            shareKey, ack.Cursor, ack.Applied.Count, ack.Duplicates.Count, batch.Ops[^1].Seq!.Value);
        return namesAll;
    }

    public void RenumberAsNewWriter(long shareKey)
    {
        List<(long First, long Last, string Id)> batches = sql.ReadAll(
            "SELECT first_seq, last_seq, batch_id FROM batch WHERE share_key = ?1 ORDER BY first_seq",
            row => (row.Number(0), row.Number(1), row.Text(2)), shareKey);
        sql.Execute("DELETE FROM batch WHERE share_key = ?1", shareKey);
        foreach ((long first, long last, string id) in batches)
        {
            long before = CountUpTo(shareKey, first - 1);
            long upTo = CountUpTo(shareKey, last);
            if (upTo > before) rows.InsertBatch(shareKey, before + 1, upTo, id);
        }

        // Negative first: seqs must stay unique.
        sql.Execute(
            """
            UPDATE op SET row_id = -(?1 | n.number) FROM (
              SELECT row_id AS id, ROW_NUMBER() OVER (ORDER BY row_id) AS number FROM op WHERE row_id BETWEEN ?1
                AND ?2) AS n
            WHERE op.row_id = n.id
            """,
            OutboxRows.RowOf(shareKey, 0), OutboxRows.RowOf(shareKey, OutboxRows.MaxSeq));
        sql.Execute("UPDATE op SET row_id = -row_id WHERE row_id < 0");
        sql.Execute("UPDATE share SET writer_id = ?2, next_seq = 1, acked_seq = 0 WHERE share_key = ?1", shareKey,
            RandomId.New());
    }

    public void Split(long shareKey, string batchId, long middle)
    {
        long last = sql.ReadNumber("SELECT last_seq FROM batch WHERE share_key = ?1 AND batch_id = ?2", shareKey,
            batchId);
        if (last < middle) return;
        sql.Execute("UPDATE batch SET last_seq = ?3 WHERE share_key = ?1 AND batch_id = ?2", shareKey, batchId,
            middle - 1);
        rows.InsertBatch(shareKey, middle, last, OpId.New());
    }

    /// <summary>Returns a sent batch, or a new one: at least one op, or one atomic group.</summary>
    private OpBatch ReadRows(long shareKey, long first, string batchId, long? last, ProtocolLimits limits)
    {
        long most = Math.Min(limits.BatchBytes, limits.FrameBytes / 2);
        long bytes = 0;
        string? group = null;
        HashSet<string> needed = [];
        var ops = new List<OpIntent>();
        using Rows row = sql.Query(
            $"SELECT {OutboxRows.OpContent}, row_id FROM op WHERE row_id BETWEEN ?1 AND ?2 ORDER BY row_id",
            OutboxRows.RowOf(shareKey, first), OutboxRows.RowOf(shareKey, last ?? OutboxRows.MaxSeq));
        while (row.Read())
        {
            string? itsGroup = row.TextOrNull(Columns.Group);
            if (ops.Count == 0) group = itsGroup;
            int size = row.Blob(Columns.Data).Length;
            bool isFull = group is null && (ops.Count >= limits.BatchOps || bytes + size > most);
            bool isNext = OutboxRows.SeqOf(row.Number(Columns.Row)) == first + ops.Count;
            if (last is null && ops.Count > 0 && (itsGroup != group || isFull || !isNext)) break;
            OpIntent op = ReadOp(row, ops.Count > 0 ? ops[^1] : null);
            needed.UnionWith(op.DependsOn ?? []);
            if (last is null && ops.Count > 0 && group is null && needed.Count > limits.BatchDependsOn) break;
            bytes += size;
            ops.Add(op);
        }

        return new OpBatch
        {
            BatchId = batchId, Ops = ops, Atomic = group is null ? null : true,
            ExpectedCursor = OutboxGroup.ExpectedCursorOf(group),
        };
    }

    private static OpIntent ReadOp(Rows row, OpIntent? before) => new()
    {
        OpId = row.Text(Columns.OpId), Seq = OutboxRows.SeqOf(row.Number(Columns.Row)),
        Verb = TextLike(row.Blob(Columns.Verb), before?.Verb), Kind = TextLike(row.Blob(Columns.Kind), before?.Kind),
        Key = row.Text(Columns.Key),
        DependsOn = row.TextOrNull(Columns.DependsOn) is { } json ? JsonSerializer.Deserialize<string[]>(json) : null,
        IfChanged = row.Number(Columns.IfChanged) == 1 ? true : null,
        Data = row.IsNull(Columns.Data) ? null : new RawJson(row.Blob(Columns.Data).ToArray()),
    };

    private static string TextLike(ReadOnlySpan<byte> utf8, string? known) =>
        known is not null && Ascii.Equals(utf8, known) ? known : Encoding.UTF8.GetString(utf8);

    /// <summary>Fast path if the ack settles all ops in order.</summary>
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
        if (rows.FindBatch(shareKey, first) is not { } sent || sent.BatchId != batch.BatchId
            || sent.LastSeq != last) return false;
        sql.Execute("DELETE FROM op WHERE row_id BETWEEN ?1 AND ?2", OutboxRows.RowOf(shareKey, first),
            OutboxRows.RowOf(shareKey, last));
        sql.Execute("DELETE FROM batch WHERE share_key = ?1 AND batch_id = ?2", shareKey, batch.BatchId);
        rows.RaiseNextSeq(shareKey, last);
        return true;
    }

    private long CountUpTo(long shareKey, long seq) =>
        sql.ReadNumber("SELECT COUNT(*) FROM op WHERE row_id BETWEEN ?1 AND ?2", OutboxRows.RowOf(shareKey, 0),
            OutboxRows.RowOf(shareKey, seq));

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
