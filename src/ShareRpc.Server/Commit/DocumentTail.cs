using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Commit;

internal sealed class DocumentTail
{
    private readonly TailList ops = new();

    public IReadOnlyList<TailOp> Ops => ops;

    public bool IsEmpty => ops.Count == 0;

    /// <summary>Ops to read, from the last one that sets the whole document.</summary>
    public int Depth { get; private set; }

    public long? Size { get; set; }

    public void Add(TailOp op)
    {
        ops.Add(op);
        Depth = op.IsWhole ? 1 : Depth + 1;
        Size = op.IsWhole ? op.Bytes : Size + op.Bytes;
    }

    public void TakeBack()
    {
        ops.RemoveLast();
        Size = null;
        int whole = ops.Span.Length - 1;
        while (whole >= 0 && !ops[whole].IsWhole) whole--;
        Depth = ops.Count - Math.Max(whole, 0);
    }

    /// <summary>The oldest op moved to the checkpoint; the size stays.</summary>
    public void Fold()
    {
        ops.RemoveFirst(1);
        Depth = Math.Min(Depth, ops.Count);
    }

    /// <summary>Returns the size since the last op that sets the whole document, or on top of the checkpoint.</summary>
    public (long Size, bool IsWhole) Measure()
    {
        long size = 0;
        for (int i = ops.Count - 1; i >= 0; i--)
        {
            size += ops[i].Bytes;
            if (ops[i].IsWhole) return (size, true);
        }

        return (size, false);
    }
}
