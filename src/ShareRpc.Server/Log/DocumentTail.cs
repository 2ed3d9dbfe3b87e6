using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Log;

/// <summary>The unfolded ops of one document, in order, and what it counts as against <c>document_bytes</c> when that is known.</summary>
internal sealed class DocumentTail
{
    private readonly List<TailOp> ops = [];

    public IReadOnlyList<TailOp> Ops => ops;

    /// <summary>The document's size with all its ops; null until somebody asks.</summary>
    public long? Size { get; set; }

    public void Add(TailOp op)
    {
        ops.Add(op);
        Size = op.IsWhole ? op.Bytes : Size + op.Bytes;
    }

    /// <summary>The newest op did not come about.</summary>
    public void TakeBack()
    {
        ops.RemoveAt(ops.Count - 1);
        Size = null;
    }

    /// <summary>The oldest op is in the checkpoint now, which changes nothing about the size.</summary>
    public void Fold() => ops.RemoveAt(0);

    /// <summary>The size, from the last op that says what the document is, else from the checkpoint.</summary>
    public long SizeOver(Func<long> checkpoint)
    {
        long size = 0;
        for (int i = ops.Count - 1; i >= 0; i--)
        {
            size += ops[i].Bytes;
            if (ops[i].IsWhole) return size;
        }

        return size + checkpoint();
    }
}
