using System.Runtime.InteropServices;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>
/// Maps seqs to cursors. Consecutive seqs at consecutive cursors form a run: the newest in the writer's row, older ones
/// in <c>writer_run</c>. Newest runs are cached until the watermark or <see cref="Flush"/> writes them. Call
/// <see cref="Forget"/> after a rollback.
/// </summary>
internal sealed class WriterRuns(Statements statements)
{
    /// <summary>Above it the cache is cleared between transactions.</summary>
    private const int Kept = 4_096;

    private readonly PreparedStatement setWatermark = statements.Prepare(
        "UPDATE writer SET acked_seq = ?2 WHERE writer_key = ?1");

    private readonly PreparedStatement setRun = statements.Prepare(
        """
        UPDATE writer SET acked_seq = COALESCE(?2, acked_seq), run_seq = ?3, run_cursor = ?4, run_count = ?5
          WHERE writer_key = ?1
        """);

    private readonly PreparedStatement findRun = statements.Prepare(
        "SELECT run_seq, run_cursor, run_count FROM writer WHERE writer_key = ?1");

    private readonly PreparedStatement insertRun = statements.Prepare(
        "INSERT INTO writer_run (writer_key, seq, cursor, count) VALUES (?1, ?2, ?3, ?4)");

    private readonly Dictionary<long, Run> newest = [];
    private readonly List<Run> changed = [];

    public void Add(long writerKey, long seq, long cursor)
    {
        Run run = Find(writerKey);
        if (run.Count > 0 && (seq != run.Seq + run.Count || cursor != run.Cursor + run.Count))
        {
            insertRun.Bind(1, writerKey).Bind(2, run.Seq).Bind(3, run.Cursor).Bind(4, run.Count).Run();
            run.Count = 0;
        }

        if (run.Count++ == 0) (run.Seq, run.Cursor) = (seq, cursor);
        if (run.IsChanged) return;
        run.IsChanged = true;
        changed.Add(run);
    }

    public void SetWatermark(long writerKey, long ackedSeq)
    {
        if (newest.TryGetValue(writerKey, out Run? run) && run.IsChanged) Write(run, ackedSeq);
        else setWatermark.Bind(1, writerKey).Bind(2, ackedSeq).Run();
    }

    public void Flush()
    {
        foreach (Run run in changed)
        {
            if (run.IsChanged) Write(run, ackedSeq: null);
        }

        changed.Clear();
        if (newest.Count > Kept) newest.Clear();
    }

    public void Forget()
    {
        newest.Clear();
        changed.Clear();
    }

    private void Write(Run run, long? ackedSeq)
    {
        setRun.Bind(1, run.WriterKey).Bind(2, ackedSeq).Bind(3, run.Seq).Bind(4, run.Cursor).Bind(5,
            run.Count).Run();
        run.IsChanged = false;
    }

    private Run Find(long writerKey)
    {
        ref Run? run = ref CollectionsMarshal.GetValueRefOrAddDefault(newest, writerKey, out _);
        if (run is not null) return run;
        using Rows row = findRun.Bind(1, writerKey).Query();
        if (!row.Read()) throw new InvalidOperationException("There is no such writer.");
        return run =
            new Run { WriterKey = writerKey, Seq = row.Number(0), Cursor = row.Number(1), Count = row.Number(2) };
    }

    private sealed class Run
    {
        public required long WriterKey { get; init; }

        public long Seq { get; set; }

        public long Cursor { get; set; }

        public long Count { get; set; }

        public bool IsChanged { get; set; }
    }
}
