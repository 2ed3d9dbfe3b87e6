using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Fold;

/// <summary>
/// Folds ops over documents, up to one transaction's size. A document whose last whole op is a put stays a pointer to
/// it; data is read only to join appended text.
/// </summary>
internal sealed class SliceFold(IReadSnapshot snapshot, long shareKey, long scanned, bool isCompacting, long maxBytes)
{
    private readonly Dictionary<(string Kind, string Key), FoldedDoc> docs = [];
    private readonly List<long> replaced = [];
    private long bytes;

    public IReadOnlyList<FoldedDoc> Docs()
    {
        List<FoldedDoc> sorted = [.. docs.Values];
        sorted.Sort(static (x, y) => DocOrder.Compare((x.Kind, x.Key), (y.Kind, y.Key)));
        return sorted;
    }

    public long Last { get; private set; }

    /// <summary>True at one transaction's size.</summary>
    public bool IsFull => bytes >= maxBytes;

    public IReadOnlyList<long> Replaced => replaced;

    public async ValueTask ApplyAsync(TailOp op)
    {
        bool isKnown = docs.TryGetValue((op.Kind, op.Key), out FoldedDoc before);
        if (isCompacting && !isKnown)
        {
            long former = (await snapshot.ReadDocMeasureAsync(shareKey, op.Kind, op.Key)).Cursor;
            if (former > 0 && former <= scanned) replaced.Add(former);
        }

        var after = new FoldedDoc(
            op.Kind, op.Key, op.Cursor, Data: null, IsRemoved: op.Verb == Verbs.Remove, op.Bytes, op.Class);
        if (!op.IsWhole) after = await JoinAsync(after, isKnown ? before : null);
        docs[(op.Kind, op.Key)] = after;
        bytes += LengthOf(after.Data) - LengthOf(before.Data);
        Last = op.Cursor;
    }

    private async ValueTask<FoldedDoc> JoinAsync(FoldedDoc after, FoldedDoc? before)
    {
        (RawJson? data, long size) = (before?.Data, before?.Size ?? 0);
        if (before is null && await snapshot.FindDocAsync(shareKey, after.Kind, after.Key) is { } stored)
            (data, size) = (stored.Data, stored.Size);
        if (before is { IsPointer: true } pointer) data = await ReadAsync(pointer.Cursor);
        RawJson? joined = DocumentFold.Apply(data, Verbs.Append, await ReadAsync(after.Cursor));
        return after with { Data = joined, Size = size + after.Size };
    }

    private async ValueTask<RawJson?> ReadAsync(long cursor)
    {
        (_, ReadOnlyMemory<byte>? data, _) = await snapshot.ReadOpContentAsync(shareKey, cursor);
        return data is { } found ? new RawJson(found) : null;
    }

    private static long LengthOf(RawJson? data) => data?.Utf8.Length ?? 0;
}
