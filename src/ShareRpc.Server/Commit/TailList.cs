using System.Collections;
using System.Runtime.InteropServices;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Commit;

/// <summary>Unfolded ops in order. Grows and shrinks at its end and is shortened at its beginning, each at a cost per op.</summary>
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

        // What is moved is less than what went since the last time.
        ops.RemoveRange(0, first);
        first = 0;
    }

    public IEnumerator<TailOp> GetEnumerator() => ops.Skip(first).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
