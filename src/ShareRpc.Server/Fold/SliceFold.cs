using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Fold;

/// <summary>Folds ops over documents, up to one transaction's size.</summary>
internal sealed class SliceFold(IReadSnapshot snapshot, long shareKey, long scanned, bool isCompacting, long maxBytes)
{
    private const int BytesAtOnce = 8 * 1024 * 1024;
    private readonly Dictionary<(string Kind, string Key), StoredDoc> docs = [];
    private readonly List<long> replaced = [];
    private long bytes;

    public IReadOnlyList<StoredDoc> Docs =>
        [.. docs.Values.OrderBy(doc => new DocKey(doc.Kind, doc.Key), DocOrder.Instance)];

    public long Last { get; private set; }

    /// <summary>True at one transaction's size.</summary>
    public bool IsFull => bytes >= maxBytes;

    public IReadOnlyList<long> Replaced => replaced;

    public async ValueTask ApplyAsync(long from, int count)
    {
        for (long end = from + count; from < end && !IsFull;)
        {
            IReadOnlyList<LoggedOp> ops = await snapshot.ReadOpsAsync(shareKey, from - 1, (int)(end - from),
                BytesAtOnce);
            foreach (LoggedOp op in ops.TakeWhile(op => op.Cursor < end && !IsFull)) await ApplyAsync(op);
            if (ops.Count == 0) return;
            from = ops[^1].Cursor + 1;
        }
    }

    private async ValueTask ApplyAsync(LoggedOp op)
    {
        bool isKnown = docs.TryGetValue((op.Kind, op.Key), out StoredDoc? before);
        if (!isKnown && (op.Verb == Verbs.Append || isCompacting)) before = await snapshot.FindDocAsync(shareKey,
            op.Kind, op.Key);
        if (!isKnown && before is not null && before.Cursor <= scanned) replaced.Add(before.Cursor);
        long size = (op.Verb == Verbs.Append && before is not null ? before.Size : 0) + (op.Data?.Utf8.Length ?? 0);
        RawJson? data = DocumentFold.Apply(before?.Data, op.Verb, op.Data);
        docs[(op.Kind, op.Key)] = new StoredDoc(op.Kind, op.Key, op.Cursor, data, size, (ContentClass)op.ContentClass);
        bytes += LengthOf(data) - (isKnown ? LengthOf(before!.Data) : 0);
        Last = op.Cursor;
    }

    private static long LengthOf(RawJson? data) => data?.Utf8.Length ?? 0;
}
