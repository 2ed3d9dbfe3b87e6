using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Fold;

/// <summary>
/// What of a share's tail is folded, and in which steps. An op is skipped when a later one in the tail says its document whole: the
/// checkpoint may pass it with its document as it was, since whoever lays the rest of the tail over the document comes to that later op.
/// </summary>
internal sealed class FoldPlan
{
    /// <summary>About as many steps a fold takes, where they may be so large.</summary>
    private const int MostSlices = 64;

    /// <summary>
    /// The same of a fold that lags: a step goes with a transaction of appends, and with smaller ones the appends bring more than it folds.
    /// </summary>
    private const int MostSlicesBehind = 8;

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
    /// The steps, in order, small enough not to hold up the appends that share their transactions; the more there is to fold the larger,
    /// so that a fold keeps up with whatever comes. What the documents weigh is not known here, see <see cref="SliceFold.IsFull"/>.
    /// </summary>
    public IEnumerable<Slice> Slices(ServerLimits limits)
    {
        List<TailOp> folded = [.. tail.Where((_, i) => !isSkipped[i])];
        int slices = ReachesHead ? MostSlices : MostSlicesBehind;
        int sliceDocs = Math.Min(Math.Max(limits.FoldSliceDocs, folded.Count / slices), limits.TransactionOps);
        long wanted = Math.Max(limits.FoldSliceBytes, folded.Sum(op => (long)op.Bytes) / slices);
        long sliceBytes = Math.Min(wanted, limits.TransactionBytes);
        long start = from;
        var stretches = new List<(long From, int Count)>();
        var docs = new HashSet<(string, string)>();
        long bytes = 0;
        for (int i = 0; i < tail.Count; i++)
        {
            if (isSkipped[i]) continue;
            TailOp op = tail[i];
            bool isFull = docs.Count >= sliceDocs || bytes + op.Bytes > sliceBytes;
            if (isFull && stretches.Count > 0)
            {
                yield return new Slice(start, op.Cursor - 1, stretches);
                (start, stretches, bytes) = (op.Cursor - 1, [], 0);
                docs.Clear();
            }

            docs.Add((op.Kind, op.Key));
            bytes += op.Bytes;
            (long first, int count) = stretches.Count > 0 ? stretches[^1] : default;
            if (first + count == op.Cursor) stretches[^1] = (first, count + 1);
            else stretches.Add((op.Cursor, 1));
        }

        yield return new Slice(start, tail[^1].Cursor, stretches);
    }

    /// <summary>One step: the checkpoint moves from one cursor to another by folding stretches of ops.</summary>
    /// <param name="From">Where it must be.</param>
    /// <param name="UpTo">Where it is then.</param>
    /// <param name="Stretches">The cursors to fold, each stretch by its first one and their number.</param>
    internal sealed record Slice(long From, long UpTo, IReadOnlyList<(long From, int Count)> Stretches);
}

/// <summary>
/// What a fold computed: the documents that changed between two cursors. Replaced are the cursors of their last ops before, where
/// compaction has looked already and kept those.
/// </summary>
internal sealed record FoldedDocs(long ShareKey, long From, long UpTo, IReadOnlyList<StoredDoc> Docs, IReadOnlyList<long> Replaced);
