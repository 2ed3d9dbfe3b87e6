using Microsoft.Data.Sqlite;
using ShareRpc.Server.Storage.Sqlite;

namespace ShareRpc.Server.Checking;

/// <summary>
/// The writers of one share: every seq up to the watermark is recorded exactly once, as an op or in a rejection (I1), and the runs lead to
/// the ops. All records are sorted once (SQLite spills that to disk).
/// </summary>
internal static class WriterCheck
{
    public static void Run(CheckRun run, CheckedShare share, long head)
    {
        Records(run, share);
        const string Strangers = """
            SELECT COUNT(*) FROM rejection j LEFT JOIN writer w ON w.writer_key = j.writer_key
            WHERE j.share_key = $1 AND j.writer_key IS NOT NULL AND (w.writer_key IS NULL OR w.share_key <> j.share_key)
            """;
        long strangers = run.Number(Strangers, share.Key);
        if (strangers > 0) run.Find("reference", share.ShareId, $"{strangers} rejections are of writers that this share does not have");
        const string Beyond = "SELECT op_id, cursor FROM rejection WHERE share_key = $1 AND code IS NULL AND (cursor < 1 OR cursor > $2)";
        foreach (SqliteDataReader row in run.Rows(Beyond, share.Key, head))
        {
            string opId = StoredOpId.Read(row, 0);
            run.Find("I2", share.ShareId, $"op id {opId} is a duplicate of cursor {row.GetInt64(1)}, which is not there");
        }
    }

    private static void Records(CheckRun run, CheckedShare share)
    {
        const string Writers = "SELECT writer_key, writer_id, acked_seq FROM writer WHERE share_key = $1 ORDER BY writer_key";
        const string Sql = """
            SELECT writer_key, seq, cursor FROM op WHERE share_key = $1 AND writer_key IS NOT NULL AND seq IS NOT NULL
            UNION ALL SELECT writer_key, seq, NULL FROM rejection WHERE share_key = $1 AND writer_key IS NOT NULL ORDER BY 1, 2
            """;

        // A backup made before there were runs has an index instead, which the check of the file covers.
        bool hasRuns = run.Number("SELECT COUNT(*) FROM sqlite_master WHERE name = 'writer_run'") > 0;
        using IEnumerator<SqliteDataReader> records = run.Rows(Sql, share.Key).GetEnumerator();
        bool isMore = records.MoveNext();
        foreach (SqliteDataReader writer in run.Rows(Writers, share.Key))
        {
            run.Writers++;
            long key = writer.GetInt64(0);
            using var runs = hasRuns ? new RunCheck(run, share, key, writer.GetString(1)) : null;
            var seqs = new SeqCheck(run, share, writer.GetString(1));
            for (; isMore && records.Current.GetInt64(0) <= key; isMore = records.MoveNext())
            {
                if (records.Current.GetInt64(0) < key) continue; // of a writer that is not there, which is found elsewhere
                seqs.Add(records.Current.GetInt64(1));
                if (!records.Current.IsDBNull(2)) runs?.Add(records.Current.GetInt64(1), records.Current.GetInt64(2));
            }

            seqs.End(writer.GetInt64(2));
            runs?.End();
        }
    }
}
