using Microsoft.Data.Sqlite;

namespace ShareRpc.Server.Checking;

/// <summary>
/// The runs of one writer, beside its ops in the order of their seqs: each op is in the one run that leads to its cursor, and a run holds
/// nothing else. Without that, a resend would not be known for one (I2).
/// </summary>
internal sealed class RunCheck : IDisposable
{
    private const string Sql = """
        SELECT seq, cursor, count FROM writer_run WHERE writer_key = $1
        UNION ALL SELECT run_seq, run_cursor, run_count FROM writer WHERE writer_key = $1 AND run_count > 0 ORDER BY 1
        """;

    private readonly CheckRun run;
    private readonly CheckedShare share;
    private readonly string writerId;
    private readonly IEnumerator<SqliteDataReader> runs;
    private bool isMore;
    private long found;

    public RunCheck(CheckRun run, CheckedShare share, long writerKey, string writerId)
    {
        (this.run, this.share, this.writerId) = (run, share, writerId);
        runs = run.Rows(Sql, writerKey).GetEnumerator();
        isMore = runs.MoveNext();
    }

    private long Seq => runs.Current.GetInt64(0);

    private long Cursor => runs.Current.GetInt64(1);

    private long Count => runs.Current.GetInt64(2);

    public void Add(long seq, long cursor)
    {
        while (isMore && Seq + Count <= seq) Finish();
        if (isMore && Seq <= seq && Cursor + seq - Seq == cursor) found++;
        else run.Find("I2", share.ShareId, $"op {cursor}, seq {seq} of writer {writerId}, is in no run: its resend would not be known");
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
            run.Find("I2", share.ShareId, $"of the {Count} ops that a run of writer {writerId} from seq {Seq} on says, {found} are there");
        }

        found = 0;
        isMore = runs.MoveNext();
    }
}
