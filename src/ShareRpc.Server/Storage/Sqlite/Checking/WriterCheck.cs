using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite.Checking;

/// <summary>Checks that seqs up to the watermark are recorded once (I1) and runs match ops; SQLite sorts.</summary>
internal static class WriterCheck
{
    public static void Run(CheckRun run, CheckedShare share, long head)
    {
        Records(run, share);
        const string Strangers = """
            SELECT COUNT(*) FROM rejection j LEFT JOIN writer w ON w.writer_key = j.writer_key
            WHERE j.share_key = ?1 AND j.writer_key IS NOT NULL AND (w.writer_key IS NULL OR w.share_key <> j.share_key)
            """;
        long strangers = run.Number(Strangers, share.Key);
        if (strangers > 0) run.Find("reference", share.ShareId,
            $"{strangers} rejections are of writers that this share does not have");
        const string Beyond =
            "SELECT op_id, cursor FROM rejection WHERE share_key = ?1 AND code IS NULL AND (cursor < 1 OR cursor > ?2)";
        foreach (Rows row in run.Rows(Beyond, share.Key, head))
        {
            string opId = StoredOpId.Read(row, 0);
            run.Find("I2", share.ShareId, $"op id {opId} is a duplicate of cursor {row.Number(1)}, which is not there");
        }
    }

    private static void Records(CheckRun run, CheckedShare share)
    {
        const string Writers =
            "SELECT writer_key, writer_id, acked_seq FROM writer WHERE share_key = ?1 ORDER BY writer_key";
        const string Sql = """
            SELECT writer_key, seq, cursor FROM op WHERE share_key = ?1 AND writer_key IS NOT NULL AND seq IS NOT NULL
            UNION ALL SELECT writer_key, seq, NULL FROM rejection WHERE share_key = ?1 AND writer_key IS NOT NULL
              ORDER BY 1, 2
            """;

        using IEnumerator<Rows> records = run.Rows(Sql, share.Key).GetEnumerator();
        bool isMore = records.MoveNext();
        foreach (Rows writer in run.Rows(Writers, share.Key))
        {
            run.Writers++;
            long key = writer.Number(0);
            using var runs = new RunCheck(run, share, key, writer.Text(1));
            var seqs = new SeqCheck(run, share, writer.Text(1));
            for (; isMore && records.Current.Number(0) <= key; isMore = records.MoveNext())
            {
                if (records.Current.Number(0) < key) continue; // of a writer that is not there: found elsewhere
                seqs.Add(records.Current.Number(1));
                if (!records.Current.IsNull(2)) runs.Add(records.Current.Number(1), records.Current.Number(2));
            }

            seqs.End(writer.Number(2));
            runs.End();
        }
    }
}

/// <summary>Checks that runs contain exactly the writer's ops; resends depend on it (I2).</summary>
internal sealed class RunCheck : IDisposable
{
    private const string Sql = """
        SELECT seq, cursor, count FROM writer_run WHERE writer_key = ?1
        UNION ALL SELECT run_seq, run_cursor, run_count FROM writer WHERE writer_key = ?1 AND run_count > 0 ORDER BY 1
        """;

    private readonly CheckRun run;
    private readonly CheckedShare share;
    private readonly string writerId;
    private readonly IEnumerator<Rows> runs;
    private bool isMore;
    private long found;

    public RunCheck(CheckRun run, CheckedShare share, long writerKey, string writerId)
    {
        (this.run, this.share, this.writerId) = (run, share, writerId);
        runs = run.Rows(Sql, writerKey).GetEnumerator();
        isMore = runs.MoveNext();
    }

    private long Seq => runs.Current.Number(0);

    private long Cursor => runs.Current.Number(1);

    private long Count => runs.Current.Number(2);

    public void Add(long seq, long cursor)
    {
        while (isMore && Seq + Count <= seq) Finish();
        if (isMore && Seq <= seq && Cursor + seq - Seq == cursor) found++;
        else run.Find("I2", share.ShareId,
            $"op {cursor}, seq {seq} of writer {writerId}, is in no run: its resend would not be known");
    }

    public void End()
    {
        while (isMore) Finish();
    }

    public void Dispose() => runs.Dispose();

    private void Finish()
    {
        if (found != Count)
        {
            run.Find("I2", share.ShareId,
                $"of the {Count} ops that a run of writer {writerId} from seq {Seq} on says, {found} are there");
        }

        found = 0;
        isMore = runs.MoveNext();
    }
}

/// <summary>Checks seqs 1 to the watermark (I1).</summary>
internal sealed class SeqCheck(CheckRun run, CheckedShare share, string writerId)
{
    private long last;

    public void Add(long seq)
    {
        if (seq == last) run.Find("I1", share.ShareId, $"seq {seq} of writer {writerId} is recorded twice");
        else if (seq != last + 1)
            run.Find("I1", share.ShareId, $"seqs {last + 1} to {seq - 1} of writer {writerId} are recorded nowhere");
        last = seq;
    }

    public void End(long acked)
    {
        if (last < acked)
            run.Find("I1", share.ShareId,
                $"seqs {last + 1} to {acked} of writer {writerId} are acknowledged and recorded nowhere");
        if (last > acked) run.Find("I1", share.ShareId,
            $"writer {writerId} has records up to seq {last}, and its watermark is {acked}");
    }
}
