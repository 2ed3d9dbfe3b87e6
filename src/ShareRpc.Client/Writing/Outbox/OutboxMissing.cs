using ShareRpc.Sqlite;

namespace ShareRpc.Client.Writing.Outbox;

/// <summary>What the server had acknowledged, and has lost since by a restore.</summary>
internal sealed class OutboxMissing(OutboxDatabase database, OutboxWrites writes)
{
    private readonly Statements sql = database.Statements;

    /// <summary>Compares the server's watermark with what it acknowledged; returns the number of ops it lost.</summary>
    public long Note(long shareKey, long ackedSeq, long head, long nowMs)
    {
        lock (database.Gate)
        {
            const string IsAhead = "SELECT acked_seq > ?2 FROM share WHERE share_key = ?1";
            if (sql.ReadNumber(IsAhead, shareKey, ackedSeq) == 0) return 0;
        }

        long lost = writes.Write(() =>
        {
            long known = sql.ReadNumber("SELECT acked_seq FROM share WHERE share_key = ?1", shareKey);
            sql.Execute(
                """
                INSERT INTO missing (share_key, writer_id, first_seq, last_seq, noted_ms)
                SELECT share_key, writer_id, ?2 + 1, acked_seq, ?3 FROM share WHERE share_key = ?1 AND acked_seq > ?2
                ON CONFLICT (share_key, writer_id, first_seq) DO NOTHING
                """,
                shareKey, ackedSeq, nowMs);
            sql.Execute("UPDATE share SET acked_seq = ?2, cursor = ?3 WHERE share_key = ?1", shareKey, ackedSeq, head);
            return known - ackedSeq;
        });
        writes.Signal();
        return lost;
    }

    public IReadOnlyList<MissingOps> List(long shareKey)
    {
        lock (database.Gate)
        {
            return sql.ReadAll(
                """
                SELECT writer_id, first_seq, last_seq, noted_ms FROM missing WHERE share_key = ?1
                ORDER BY noted_ms, first_seq
                """,
                row => new MissingOps(row.Text(0), row.Number(1), row.Number(2), row.Number(3)), shareKey);
        }
    }
}
