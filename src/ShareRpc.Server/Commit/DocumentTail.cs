using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Commit;

/// <summary>The unfolded ops of one document, in order, and what it counts as against <c>document_bytes</c> when that is known.</summary>
internal sealed class DocumentTail
{
    private readonly TailList ops = new();

    public IReadOnlyList<TailOp> Ops => ops;

    public bool IsEmpty => ops.Count == 0;

    /// <summary>Ops that must be read to know what the document is: those from the last one on that says it whole.</summary>
    public int Depth { get; private set; }

    /// <summary>The document's size with all its ops; null until somebody asks.</summary>
    public long? Size { get; set; }

    public void Add(TailOp op)
    {
        ops.Add(op);
        Depth = op.IsWhole ? 1 : Depth + 1;
        Size = op.IsWhole ? op.Bytes : Size + op.Bytes;
    }

    /// <summary>The newest op did not come about.</summary>
    public void TakeBack()
    {
        ops.RemoveLast();
        Size = null;
        int whole = ops.Span.Length - 1;
        while (whole >= 0 && !ops[whole].IsWhole) whole--;
        Depth = ops.Count - Math.Max(whole, 0);
    }

    /// <summary>The oldest op is in the checkpoint now, which changes nothing about the size.</summary>
    public void Fold()
    {
        ops.RemoveFirst(1);
        Depth = Math.Min(Depth, ops.Count);
    }

    /// <summary>
    /// Returns the size from the last op that says what the document is; without one, of what comes on top of the
    /// checkpoint.
    /// </summary>
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
