using System.Runtime.InteropServices;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Commit;

/// <summary>
/// A share's unfolded ops, at consecutive cursors, linked back op by op for each document. There is no object per op or
/// document: these live long enough to cost the garbage collector most.
/// </summary>
internal sealed class ShareTail
{
    private const long Unknown = -1;
    private readonly List<Node> nodes = [];
    private readonly Dictionary<(string Kind, string Key), Document> documents = [];

    /// <summary>Nodes before it are removed; costs amortized constant time.</summary>
    private int first;

    public int Count => nodes.Count - first;

    public long Bytes { get; private set; }

    private ReadOnlySpan<Node> Nodes => CollectionsMarshal.AsSpan(nodes)[first..];

    /// <summary>Returns how many ops are read for the document, from the last one that sets it whole.</summary>
    public int Add(TailOp op)
    {
        ref Document document =
            ref CollectionsMarshal.GetValueRefOrAddDefault(documents, (op.Kind, op.Key), out bool isThere);
        nodes.Add(new Node(op, isThere ? document.Last : 0));
        Bytes += op.Bytes;
        long size = op.IsWhole ? op.Bytes
            : isThere && document.Size != Unknown ? document.Size + op.Bytes : Unknown;
        document = new Document(op.Cursor, document.Count + 1, op.IsWhole ? 1 : document.Depth + 1, size);
        return document.Depth;
    }

    /// <summary>Takes back the ops after a cursor.</summary>
    public void BackTo(long cursor)
    {
        while (Count > 0 && nodes[^1].Op.Cursor > cursor)
        {
            Node last = nodes[^1];
            nodes.RemoveAt(nodes.Count - 1);
            Bytes -= last.Op.Bytes;
            (string, string) key = (last.Op.Kind, last.Op.Key);
            int count = documents[key].Count - 1;
            if (count == 0) documents.Remove(key);
            else documents[key] = new Document(last.Previous, count, DepthAt(last.Previous, count), Unknown);
        }
    }

    /// <summary>Removes the ops up to a cursor, which are folded; the sizes of their documents stay known.</summary>
    public void Fold(long upTo)
    {
        int count = 0;
        foreach (Node node in Nodes)
        {
            if (node.Op.Cursor > upTo) break;
            count++;
            Bytes -= node.Op.Bytes;
            (string, string) key = (node.Op.Kind, node.Op.Key);
            ref Document document = ref CollectionsMarshal.GetValueRefOrNullRef(documents, key);
            if (document.Count == 1) documents.Remove(key);
            else document = document.WithoutOldest();
        }

        first += count;
        if (first < Count) return;
        nodes.RemoveRange(0, first);
        first = 0;
    }

    /// <summary>Returns the oldest ops.</summary>
    public TailOp[] Copy(int most)
    {
        var copy = new TailOp[Math.Min(most, Count)];
        for (int i = 0; i < copy.Length; i++) copy[i] = nodes[first + i].Op;
        return copy;
    }

    /// <summary>Returns the unfolded ops of a document, oldest first.</summary>
    public IReadOnlyList<TailOp> Of(string kind, string key)
    {
        if (!documents.TryGetValue((kind, key), out Document document)) return [];
        var ops = new TailOp[document.Count];
        long cursor = document.Last;
        for (int i = ops.Length - 1; i >= 0; i--)
        {
            Node node = At(cursor);
            (ops[i], cursor) = (node.Op, node.Previous);
        }

        return ops;
    }

    /// <summary>Returns the keys of the documents of a kind that have unfolded ops.</summary>
    public IEnumerable<string> KeysOf(string kind) =>
        documents.Keys.Where(document => document.Kind == kind).Select(document => document.Key);

    /// <summary>Returns a document's newest op; null when it has none that is not folded.</summary>
    public TailOp? LastOf(string kind, string key) =>
        documents.TryGetValue((kind, key), out Document document) ? At(document.Last).Op : null;

    /// <summary>Returns the size of a document if that is known without the store.</summary>
    public long? FindSize(string kind, string key) =>
        documents.TryGetValue((kind, key), out Document document) && document.Size != Unknown ? document.Size : null;

    /// <summary>
    /// Returns the bytes of a document's ops since the last one that sets it whole; otherwise they come on top of what
    /// is folded.
    /// </summary>
    public (long Bytes, bool IsWhole) Measure(string kind, string key)
    {
        long bytes = 0;
        if (!documents.TryGetValue((kind, key), out Document document)) return (0, false);
        long cursor = document.Last;
        for (int i = 0; i < document.Count; i++)
        {
            Node node = At(cursor);
            bytes += node.Op.Bytes;
            if (node.Op.IsWhole) return (bytes, true);
            cursor = node.Previous;
        }

        return (bytes, false);
    }

    /// <summary>Remembers the size of a document that has unfolded ops.</summary>
    public void SetSize(string kind, string key, long size)
    {
        ref Document document = ref CollectionsMarshal.GetValueRefOrNullRef(documents, (kind, key));
        document = document with { Size = size };
    }

    private Node At(long cursor) => nodes[first + (int)(cursor - nodes[first].Op.Cursor)];

    private int DepthAt(long cursor, int count)
    {
        int depth = 1;
        for (Node node = At(cursor); !node.Op.IsWhole && depth < count; node = At(node.Previous)) depth++;
        return depth;
    }

    private readonly record struct Node(TailOp Op, long Previous);

    /// <param name="Last">The cursor of its newest op.</param>
    /// <param name="Count">How many unfolded ops it has.</param>
    /// <param name="Depth">How many of them are read: from the last one that sets it whole.</param>
    /// <param name="Size">Its size with them; unknown until it was asked for.</param>
    private readonly record struct Document(long Last, int Count, int Depth, long Size)
    {
        public Document WithoutOldest() => this with { Count = Count - 1, Depth = Math.Min(Depth, Count - 1) };
    }
}
