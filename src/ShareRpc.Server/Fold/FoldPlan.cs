using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Fold;

/// <summary>
/// Divides a fold into steps. Skips ops before one that sets the whole document: readers of the tail reach that one.
/// </summary>
internal sealed class FoldPlan
{
    /// <summary>Approximate steps of a fold.</summary>
    private const int MostSlices = 64;

    /// <summary>For a lagging fold: with smaller steps it would fall behind the appends.</summary>
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
    /// Returns steps that do not delay appends, larger for longer tails. Document sizes are unknown here; see
    /// <see cref="SliceFold.IsFull"/>.
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

/// <summary>Documents changed between cursors. Replaced: cursors of former last ops kept by compaction.</summary>
internal sealed record FoldedDocs(long ShareKey, long From, long UpTo, IReadOnlyList<StoredDoc> Docs,
    IReadOnlyList<long> Replaced);
