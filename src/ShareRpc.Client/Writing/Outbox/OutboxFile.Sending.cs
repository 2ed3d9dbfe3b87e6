using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Client.Writing.Outbox;

internal sealed partial class OutboxFile
{
    /// <summary>
    /// The next batch after a seq: one that was in flight before, with the grouping it was first sent in, or a new one, whose grouping is
    /// on disk before this returns. Null when there is none. Looks at the rows of the batch only, however long the queue.
    /// </summary>
    public OpBatch? TakeBatch(long shareKey, long afterSeq, ProtocolLimits limits) =>
        writes.Write(() => Take(shareKey, afterSeq, limits));

    /// <summary>
    /// One step of a sender: settles the batches that were acked, and takes the next ones, in one transaction, which is on disk when the
    /// task ends. <see cref="Step.NamesAll"/> is false when an ack did not name every op of its batch; nothing is taken then.
    /// </summary>
    public Task<Step> StepAsync(
        long shareKey, IReadOnlyList<(OpBatch Batch, Ack Ack)> acked, WaitTimes times, int room, long afterSeq, ProtocolLimits limits,
        CancellationToken cancellationToken) => writes.WriteAsync(
        () =>
        {
            bool namesAll = true;
            foreach ((OpBatch batch, Ack ack) in acked) namesAll &= SettleBatch(shareKey, batch, ack, times);
            var taken = new List<OpBatch>();
            long after = afterSeq;
            while (namesAll && taken.Count < room && Take(shareKey, after, limits) is { } next)
            {
                taken.Add(next);
                after = next.Ops[^1].Seq!.Value;
            }

            return new Step(namesAll, taken);
        },
        cancellationToken);

    /// <summary>The lowest seq that is not acked, and whether it was sent before; null when there is none.</summary>
    public (long Seq, bool WasSent)? FirstUnacked(long shareKey, long afterSeq)
    {
        lock (database.Gate)
        {
            long row = FirstRow(shareKey, afterSeq);
            return row == 0 ? null : (SeqOf(row), SeqOf(row) <= LastSentSeq(shareKey));
        }
    }

    /// <summary>
    /// Settles what the ack names, and nothing else: applied and duplicate rows go, rejected ones are parked or wait. True when it named
    /// every op of the batch.
    /// </summary>
    public bool Settle(long shareKey, OpBatch batch, Ack ack, WaitTimes times)
    {
        bool namesAll = writes.Write(() => SettleBatch(shareKey, batch, ack, times));
        Signal();
        return namesAll;
    }

    /// <summary>
    /// Goes on as a new writer: what is not acked keeps its op ids and order, and gets seqs from 1. Used when another copy of this outbox
    /// has
    /// sent under the old writer id; op ids make it safe to send everything again.
    /// </summary>
    public void StartNewWriter(long shareKey)
    {
        writes.Write(() => RenumberAsNewWriter(shareKey));
        Signal();
    }

    /// <summary>Halves a batch that is too large for the server; a batch of one op, or an atomic one, is parked instead.</summary>
    public void SplitOrPark(long shareKey, OpBatch batch, string code, string message)
    {
        writes.Write(() =>
        {
            if (batch.Ops.Count > 1 && batch.Atomic != true)
            {
                Split(shareKey, batch.BatchId, batch.Ops[batch.Ops.Count / 2].Seq!.Value);
                return;
            }

            foreach (OpIntent op in batch.Ops) Refuse(shareKey, op.OpId, Failed, code, message, null);

            // The server consumed none of these seqs.
            RenumberAsNewWriter(shareKey);
        });
        Signal();
    }

    /// <summary>Access has ended for good: what waits is parked, and what was ever sent is marked as of unknown outcome.</summary>
    public void Close(long shareKey, string code, string message)
    {
        writes.Write(() =>
        {
            long next = NextSeq(shareKey);
            long lastSent = RowOf(shareKey, LastSentSeq(shareKey));
            sql.Execute(
                "UPDATE refused SET outcome_unknown = was_sent, state = 2, code = ?2, message = ?3 WHERE share_key = ?1 AND state = 3",
                shareKey, code, message);
            sql.Execute(
                $"""
                INSERT INTO refused (row_id, share_key, {OpContent}, was_sent, outcome_unknown, waiting_since_ms, state, code, message)
                SELECT place, share_key, {OpContent}, was_sent OR row_id <= ?3, was_sent OR row_id <= ?3, waiting_since_ms, 2, ?4, ?5
                FROM op WHERE row_id BETWEEN ?1 AND ?2 ORDER BY row_id
                """,
                RowOf(shareKey, 0), RowOf(shareKey, MaxSeq), lastSent, code, message);
            sql.Execute("DELETE FROM op WHERE row_id BETWEEN ?1 AND ?2", RowOf(shareKey, 0), RowOf(shareKey, MaxSeq));
            sql.Execute("DELETE FROM batch WHERE share_key = ?1", shareKey);
            sql.Execute("UPDATE share SET closed_code = ?2, next_seq = ?3 WHERE share_key = ?1", shareKey, code, next);
        });
        Signal();
    }

    private void RenumberAsNewWriter(long shareKey)
    {
        List<(long First, long Last, string Id)> batches = sql.ReadAll(
            "SELECT first_seq, last_seq, batch_id FROM batch WHERE share_key = ?1 ORDER BY first_seq",
            row => (row.Number(0), row.Number(1), row.Text(2)), shareKey);
        sql.Execute("DELETE FROM batch WHERE share_key = ?1", shareKey);
        foreach ((long first, long last, string id) in batches)
        {
            long before = CountUpTo(shareKey, first - 1);
            long upTo = CountUpTo(shareKey, last);
            if (upTo > before) InsertBatch(shareKey, before + 1, upTo, id);
        }

        // Through negative numbers, because the seqs are unique at every moment.
        sql.Execute(
            """
            UPDATE op SET row_id = -(?1 | n.number) FROM (
              SELECT row_id AS id, ROW_NUMBER() OVER (ORDER BY row_id) AS number FROM op WHERE row_id BETWEEN ?1 AND ?2) AS n
            WHERE op.row_id = n.id
            """,
            RowOf(shareKey, 0), RowOf(shareKey, MaxSeq));
        sql.Execute("UPDATE op SET row_id = -row_id WHERE row_id < 0");
        sql.Execute("UPDATE share SET writer_id = ?2, next_seq = 1 WHERE share_key = ?1", shareKey, RandomId.New());
    }

    private long CountUpTo(long shareKey, long seq) =>
        sql.ReadNumber("SELECT COUNT(*) FROM op WHERE row_id BETWEEN ?1 AND ?2", RowOf(shareKey, 0),
            RowOf(shareKey, seq));

    private void Split(long shareKey, string batchId, long middle)
    {
        long last = sql.ReadNumber("SELECT last_seq FROM batch WHERE share_key = ?1 AND batch_id = ?2", shareKey,
            batchId);
        if (last < middle) return;
        sql.Execute("UPDATE batch SET last_seq = ?3 WHERE share_key = ?1 AND batch_id = ?2", shareKey, batchId,
            middle - 1);
        InsertBatch(shareKey, middle, last, OpId.New());
    }

    private void InsertBatch(long shareKey, long first, long last, string batchId) =>
        sql.Execute("INSERT INTO batch (share_key, first_seq, last_seq, batch_id) VALUES (?1, ?2, ?3, ?4)", shareKey,
            first, last, batchId);

    /// <summary>What a sender's step did.</summary>
    /// <param name="NamesAll">Every ack named every op of its batch.</param>
    /// <param name="Taken">The batches to send, in order.</param>
    internal sealed record Step(bool NamesAll, IReadOnlyList<OpBatch> Taken);
}
