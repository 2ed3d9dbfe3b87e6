using System.Collections;
using System.Runtime.InteropServices;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Commit;

/// <summary>Costs amortized constant time at both ends.</summary>
internal sealed class TailList : IReadOnlyList<TailOp>
{
    private readonly List<TailOp> ops = [];
    private int first;

    public int Count => ops.Count - first;

    public TailOp this[int index] => ops[first + index];

    public ReadOnlySpan<TailOp> Span => CollectionsMarshal.AsSpan(ops)[first..];

    public void Add(TailOp op) => ops.Add(op);

    public void RemoveLast() => ops.RemoveAt(ops.Count - 1);

    public void RemoveFirst(int count)
    {
        first += count;
        if (first < ops.Count - first) return;

        ops.RemoveRange(0, first);
        first = 0;
    }

    public IEnumerator<TailOp> GetEnumerator() => ops.Skip(first).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
