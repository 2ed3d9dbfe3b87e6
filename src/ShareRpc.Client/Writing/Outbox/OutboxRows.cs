using ShareRpc.Sqlite;

namespace ShareRpc.Client.Writing.Outbox;

/// <summary>
/// The rows of the queue and the batches they were sent in: what every part of the outbox does with them. Callers hold
/// the gate, and those that write are inside a write transaction.
/// </summary>
internal sealed class OutboxRows(Statements sql)
{
    /// <summary>Bits of a row's id that are its seq; those above are its share's key.</summary>
    private const int SeqBits = 40;

    public const long MaxSeq = (1L << SeqBits) - 1;

    /// <summary>
    /// What an op takes along wherever it goes, in the order in which <see cref="OutboxBatches"/> reads it.
    /// </summary>
    public const string OpContent = "op_id, verb, kind, key, depends_on, if_changed, data, atomic_group";

    public static long RowOf(long shareKey, long seq) => (shareKey << SeqBits) | seq;

    public static long SeqOf(long row) => row & MaxSeq;

    /// <summary>The newest row of a share; 0 when there is none.</summary>
    public long LastRow(long shareKey) =>
        sql.ReadNumber("SELECT row_id FROM op WHERE row_id BETWEEN ?1 AND ?2 ORDER BY row_id DESC LIMIT 1",
            RowOf(shareKey, 0), RowOf(shareKey, MaxSeq));

    /// <summary>The oldest row of a share after a seq; 0 when there is none.</summary>
    public long FirstRow(long shareKey, long afterSeq) =>
        sql.ReadNumber("SELECT row_id FROM op WHERE row_id BETWEEN ?1 AND ?2 ORDER BY row_id LIMIT 1",
            RowOf(shareKey, afterSeq + 1), RowOf(shareKey, MaxSeq));

    /// <summary>The end of the last batch of a share that is not settled; 0 when there is none.</summary>
    public long LastSentSeq(long shareKey) =>
        sql.ReadNumber("SELECT last_seq FROM batch WHERE share_key = ?1 ORDER BY first_seq DESC LIMIT 1", shareKey);

    /// <summary>
    /// The seq of the next op. Rows that left have raised the share's own number, so that none is used twice.
    /// </summary>
    public long NextSeq(long shareKey)
    {
        long next = sql.ReadNumber("SELECT next_seq FROM share WHERE share_key = ?1", shareKey);
        return Math.Max(next, SeqOf(LastRow(shareKey)) + 1);
    }

    public long FindRow(long shareKey, string opId) =>
        sql.ReadNumber("SELECT row_id FROM op WHERE op_id = ?1 AND share_key = ?2", opId, shareKey);

    public void Delete(long shareKey, string opId)
    {
        long row = FindRow(shareKey, opId);
        if (row == 0) return;
        sql.Execute("DELETE FROM op WHERE row_id = ?1", row);
        RaiseNextSeq(shareKey, SeqOf(row));
    }

    /// <summary>A row that leaves takes its seq with it.</summary>
    public void RaiseNextSeq(long shareKey, long seq) =>
        sql.Execute("UPDATE share SET next_seq = ?2 WHERE share_key = ?1 AND next_seq < ?2", shareKey, seq + 1);

    public (string BatchId, long LastSeq)? FindBatch(long shareKey, long seq)
    {
        using Rows row = sql.Query(
            """
            SELECT batch_id, last_seq FROM batch WHERE share_key = ?1 AND first_seq <= ?2
            ORDER BY first_seq DESC LIMIT 1
            """,
            shareKey, seq);
        return row.Read() && row.Number(1) >= seq ? (row.Text(0), row.Number(1)) : null;
    }

    public void InsertBatch(long shareKey, long first, long last, string batchId) =>
        sql.Execute("INSERT INTO batch (share_key, first_seq, last_seq, batch_id) VALUES (?1, ?2, ?3, ?4)", shareKey,
            first, last, batchId);

    /// <summary>A batch that has no rows left is no batch.</summary>
    public void ForgetIfEmpty(long shareKey, string batchId) => sql.Execute(
        """
        DELETE FROM batch WHERE share_key = ?1 AND batch_id = ?2 AND NOT EXISTS (
          SELECT 1 FROM op WHERE row_id BETWEEN (?1 << 40) | first_seq AND (?1 << 40) | last_seq)
        """,
        shareKey, batchId);
}
