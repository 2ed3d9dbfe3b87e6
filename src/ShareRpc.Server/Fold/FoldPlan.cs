using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Fold;

/// <summary>
/// Divides a fold into steps. Skips ops before one that sets the whole document: readers of the tail reach that one.
/// </summary>
internal sealed class FoldPlan
{
    /// <summary>Approximate steps of a fold.</summary>
    private const int MostSlices = 16;

    /// <summary>For a lagging fold: with smaller steps it would fall behind the appends.</summary>
    private const int MostSlicesBehind = 4;

    /// <summary>Cursors of a step: each is an id that is written, also where no document is folded.</summary>
    private const int SliceCursors = 1_024;

    /// <summary>Cursors of a step of a lagging fold.</summary>
    private const int SliceCursorsBehind = 2_048;

    /// <summary>Approximate bytes of a document that is a pointer.</summary>
    private const int PointerBytes = 64;

    private readonly long from;
    private readonly IReadOnlyList<TailOp> tail;
    private readonly bool[] isSkipped;

    /// <param name="from">Where the checkpoint is.</param>
    /// <param name="tail">The ops after it, at least one.</param>
    /// <param name="reachesHead">There are no more.</param>
    public FoldPlan(long from, IReadOnlyList<TailOp> tail, bool reachesHead)
    {
        (this.from, this.tail, ReachesHead) = (from, tail, reachesHead);
        isSkipped = new bool[tail.Count];
        var said = new HashSet<(string, string)>();
        for (int i = tail.Count - 1; i >= 0; i--)
        {
            isSkipped[i] = said.Contains((tail[i].Kind, tail[i].Key));
            if (tail[i].IsWhole) said.Add((tail[i].Kind, tail[i].Key));
        }
    }

    public bool ReachesHead { get; }

    /// <summary>
    /// Returns steps that do not delay appends, larger for longer tails. Document sizes are unknown here; see
    /// <see cref="SliceFold.IsFull"/>.
    /// </summary>
    public IEnumerable<Slice> Slices(ServerLimits limits)
    {
        long count = 0, total = 0;
        for (int i = 0; i < tail.Count; i++)
        {
            if (isSkipped[i]) continue;
            count++;
            total += BytesOf(tail[i]);
        }

        int slices = ReachesHead ? MostSlices : MostSlicesBehind;
        int sliceDocs = (int)Math.Min(Math.Max(limits.FoldSliceDocs, count / slices), limits.TransactionOps);
        long sliceBytes = Math.Min(Math.Max(limits.FoldSliceBytes, total / slices), limits.TransactionBytes);
        int sliceCursors = ReachesHead ? SliceCursors : SliceCursorsBehind;
        long start = from;
        var ops = new List<TailOp>();
        var docs = new HashSet<(string, string)>();
        long bytes = 0;
        for (int i = 0; i < tail.Count; i++)
        {
            TailOp op = tail[i];
            bool isFull = ops.Count > 0 && !isSkipped[i]
                && (docs.Count >= sliceDocs || bytes + BytesOf(op) > sliceBytes);
            if (isFull || op.Cursor - start > sliceCursors)
            {
                yield return new Slice(start, op.Cursor - 1, ops);
                (start, ops, bytes) = (op.Cursor - 1, [], 0);
                docs.Clear();
            }

            if (isSkipped[i]) continue;
            docs.Add((op.Kind, op.Key));
            bytes += BytesOf(op);
            ops.Add(op);
        }

        yield return new Slice(start, tail[^1].Cursor, ops);
    }

    private static int BytesOf(TailOp op) => op.IsWhole ? PointerBytes : op.Bytes;

    /// <summary>One step: the checkpoint moves from one cursor to another by folding ops.</summary>
    /// <param name="From">Where it must be.</param>
    /// <param name="UpTo">Where it is then.</param>
    /// <param name="Ops">What to fold, in the order of cursors.</param>
    internal sealed record Slice(long From, long UpTo, IReadOnlyList<TailOp> Ops);
}

/// <summary>Documents changed between cursors. Replaced: cursors of former last ops kept by compaction.</summary>
internal sealed record FoldedDocs(long ShareKey, long From, long UpTo, IReadOnlyList<FoldedDoc> Docs,
    IReadOnlyList<long> Replaced);
