using ShareRpc.Sqlite;

namespace ShareRpc.Client.Writing.Outbox;

/// <summary>Callers hold the gate; writers need a transaction.</summary>
internal sealed class OutboxRows(Statements sql)
{
    /// <summary>The share key is above.</summary>
    private const int SeqBits = 40;

    public const long MaxSeq = (1L << SeqBits) - 1;

    /// <summary>Order of <see cref="OutboxBatches"/>.</summary>
    public const string OpContent = "op_id, verb, kind, key, depends_on, if_changed, data, atomic_group";

    public static long RowOf(long shareKey, long seq) => (shareKey << SeqBits) | seq;

    public static long SeqOf(long row) => row & MaxSeq;

    public long LastRow(long shareKey) =>
        sql.ReadNumber("SELECT row_id FROM op WHERE row_id BETWEEN ?1 AND ?2 ORDER BY row_id DESC LIMIT 1",
            RowOf(shareKey, 0), RowOf(shareKey, MaxSeq));

    public long FirstRow(long shareKey, long afterSeq) =>
        sql.ReadNumber("SELECT row_id FROM op WHERE row_id BETWEEN ?1 AND ?2 ORDER BY row_id LIMIT 1",
            RowOf(shareKey, afterSeq + 1), RowOf(shareKey, MaxSeq));

    public long LastSentSeq(long shareKey) =>
        sql.ReadNumber("SELECT last_seq FROM batch WHERE share_key = ?1 ORDER BY first_seq DESC LIMIT 1", shareKey);

    /// <summary>A writer's seqs are never reused.</summary>
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

    public void ForgetIfEmpty(long shareKey, string batchId) => sql.Execute(
        """
        DELETE FROM batch WHERE share_key = ?1 AND batch_id = ?2 AND NOT EXISTS (
          SELECT 1 FROM op WHERE row_id BETWEEN (?1 << 40) | first_seq AND (?1 << 40) | last_seq)
        """,
        shareKey, batchId);
}
