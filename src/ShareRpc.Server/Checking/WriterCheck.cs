using Microsoft.Data.Sqlite;

namespace ShareRpc.Server.Checking;

/// <summary>The writers of one share: every seq up to the watermark is recorded exactly once, as an op or in a rejection (I1).</summary>
internal static class WriterCheck
{
    public static void Run(CheckRun run, CheckedShare share, long head)
    {
        foreach (SqliteDataReader row in run.Rows("SELECT writer_key, writer_id, acked_seq FROM writer WHERE share_key = $1", share.Key))
        {
            run.Writers++;
            Seqs(run, share, row.GetInt64(0), row.GetString(1), row.GetInt64(2));
        }

        const string Strangers = """
            SELECT COUNT(*) FROM rejection j LEFT JOIN writer w ON w.writer_key = j.writer_key
            WHERE j.share_key = $1 AND j.writer_key IS NOT NULL AND (w.writer_key IS NULL OR w.share_key <> j.share_key)
            """;
        long strangers = run.Number(Strangers, share.Key);
        if (strangers > 0) run.Find("reference", share.ShareId, $"{strangers} rejections are of writers that this share does not have");
        const string Beyond = "SELECT op_id, cursor FROM rejection WHERE share_key = $1 AND code IS NULL AND (cursor < 1 OR cursor > $2)";
        foreach (SqliteDataReader row in run.Rows(Beyond, share.Key, head))
        {
            run.Find("I2", share.ShareId, $"op id {row.GetString(0)} is a duplicate of cursor {row.GetInt64(1)}, which is not there");
        }
    }

    private static void Seqs(CheckRun run, CheckedShare share, long writerKey, string writerId, long acked)
    {
        const string Sql = """
            SELECT seq FROM op WHERE writer_key = $1 UNION ALL SELECT seq FROM rejection WHERE writer_key = $1 ORDER BY 1
            """;
        long last = 0;
        foreach (SqliteDataReader row in run.Rows(Sql, writerKey))
        {
            long seq = row.GetInt64(0);
            if (seq == last) run.Find("I1", share.ShareId, $"seq {seq} of writer {writerId} is recorded twice");
            else if (seq != last + 1)
                run.Find("I1", share.ShareId, $"seqs {last + 1} to {seq - 1} of writer {writerId} are recorded nowhere");
            last = seq;
        }

        if (last < acked)
            run.Find("I1", share.ShareId, $"seqs {last + 1} to {acked} of writer {writerId} are acknowledged and recorded nowhere");
        if (last > acked) run.Find("I1", share.ShareId, $"writer {writerId} has records up to seq {last}, and its watermark is {acked}");
    }
}
