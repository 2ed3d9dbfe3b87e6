using System.Runtime.InteropServices;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>
/// Which cursors the seqs of a writer got. Consecutive seqs at consecutive cursors are one run: the newest one is in the writer's row, the
/// ones before it are rows of <c>writer_run</c>. Of writers in use the newest run is kept here; it is written with the watermark, at the
/// latest by <see cref="Flush"/>. Whoever takes writes back calls <see cref="Forget"/>.
/// </summary>
internal sealed class WriterRuns(AppendStatements hot)
{
    /// <summary>Writers whose newest run is kept from one transaction to the next; beyond it all are read again.</summary>
    private const int Kept = 4_096;

    private readonly Dictionary<long, Run> newest = [];
    private readonly List<Run> changed = [];

    /// <summary>An op was stored.</summary>
    public void Add(long writerKey, long seq, long cursor)
    {
        Run run = Find(writerKey);
        if (run.Count > 0 && (seq != run.Seq + run.Count || cursor != run.Cursor + run.Count))
        {
            hot.InsertRun.Bind(1, writerKey).Bind(2, run.Seq).Bind(3, run.Cursor).Bind(4, run.Count).Run();
            run.Count = 0;
        }

        if (run.Count++ == 0) (run.Seq, run.Cursor) = (seq, cursor);
        if (run.IsChanged) return;
        run.IsChanged = true;
        changed.Add(run);
    }

    /// <summary>Writes a watermark, with the run if that changed.</summary>
    public void SetWatermark(long writerKey, long ackedSeq)
    {
        if (newest.TryGetValue(writerKey, out Run? run) && run.IsChanged) Write(run, ackedSeq);
        else hot.SetWatermark.Bind(1, writerKey).Bind(2, ackedSeq).Run();
    }

    /// <summary>The rows hold everything after it.</summary>
    public void Flush()
    {
        foreach (Run run in changed)
        {
            if (run.IsChanged) Write(run, ackedSeq: null);
        }

        changed.Clear();
        if (newest.Count > Kept) newest.Clear();
    }

    /// <summary>The rows are not as they were when this last saw them.</summary>
    public void Forget()
    {
        newest.Clear();
        changed.Clear();
    }

    private void Write(Run run, long? ackedSeq)
    {
        hot.SetRun.Bind(1, run.WriterKey).Bind(2, ackedSeq).Bind(3, run.Seq).Bind(4, run.Cursor).Bind(5, run.Count).Run();
        run.IsChanged = false;
    }

    private Run Find(long writerKey)
    {
        ref Run? run = ref CollectionsMarshal.GetValueRefOrAddDefault(newest, writerKey, out _);
        if (run is not null) return run;
        using Rows row = hot.FindRun.Bind(1, writerKey).Query();
        if (!row.Read()) throw new InvalidOperationException("There is no such writer.");
        return run = new Run { WriterKey = writerKey, Seq = row.Number(0), Cursor = row.Number(1), Count = row.Number(2) };
    }

    private sealed class Run
    {
        public required long WriterKey { get; init; }

        public long Seq { get; set; }

        public long Cursor { get; set; }

        /// <summary>0: there is none yet.</summary>
        public long Count { get; set; }

        /// <summary>Its row does not say so yet.</summary>
        public bool IsChanged { get; set; }
    }
}
