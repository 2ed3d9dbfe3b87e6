using System.Runtime.InteropServices;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Commit;

/// <summary>A share as of the current point of the transaction. Commit thread only; discarded when it fails.</summary>
internal sealed class LogShare(ShareRow row, long head, IReadOnlyList<TailOp> tail, ServerLimits limits)
{
    private readonly Dictionary<(string Kind, string Key), DocumentTail> tailByDoc = [];
    private readonly TailList tailOps = new();
    private readonly Dictionary<string, WriterRow> writers = new(StringComparer.Ordinal);
    private readonly Dictionary<long, (long Day, long Rejections, long Duplicates)> unapplied = [];
    private bool isDeep;

    public long Key => row.Key;

    public ShareState State { get; set; } = row.State;

    public long Head { get; private set; } = head;

    public long Folded { get; private set; } = row.Folded;

    public int TailCount => tailOps.Count;

    public long TailBytes { get; private set; }

    public bool IsFoldDue => TailCount >= limits.FoldOps || TailBytes >= limits.FoldBytes || isDeep;

    public long UsedAt { get; set; }

    /// <summary>Published once durable.</summary>
    public List<LoggedOp> Fresh { get; } = [];

    public static async ValueTask<LogShare> LoadAsync(IReadSnapshot snapshot, ShareRow row, ServerLimits limits)
    {
        long head = await snapshot.ReadHeadAsync(row.Key);
        var share = new LogShare(row, head, await snapshot.ReadTailAsync(row.Key, row.Folded, int.MaxValue), limits);
        share.IndexTail();
        return share;
    }

    public void Advance(LoggedOp op)
    {
        Head = op.Cursor;
        Fresh.Add(op);
        AddToTail(new TailOp(op.Cursor, op.Verb, op.Kind, op.Key, op.Data?.Utf8.Length
            ?? 0, (ContentClass)op.ContentClass));
    }

    public void BackTo(long head)
    {
        while (tailOps.Count > 0 && tailOps[^1].Cursor > head)
        {
            TailOp last = tailOps[^1];
            tailOps.RemoveLast();
            TailBytes -= last.Bytes;
            DocumentTail document = tailByDoc[(last.Kind, last.Key)];
            document.TakeBack();
            if (document.IsEmpty) tailByDoc.Remove((last.Kind, last.Key));
        }

        Fresh.RemoveAll(op => op.Cursor > head);
        Head = head;
    }

    public void SetFolded(long folded)
    {
        Folded = folded;
        isDeep = false;
        int count = 0;
        foreach (TailOp op in tailOps.Span)
        {
            if (op.Cursor > folded) break;
            count++;
            TailBytes -= op.Bytes;
            DocumentTail document = tailByDoc[(op.Kind, op.Key)];
            document.Fold();
            if (document.IsEmpty) tailByDoc.Remove((op.Kind, op.Key));
        }

        tailOps.RemoveFirst(count);
    }

    public IReadOnlyList<TailOp> TailOf(string kind, string key) =>
        tailByDoc.TryGetValue((kind, key), out DocumentTail? document) ? document.Ops : [];

    /// <summary>Cached while a document has unfolded ops: one store query per fold.</summary>
    public async ValueTask<long> SizeOfAsync(IReadSnapshot snapshot, string kind, string key)
    {
        if (!tailByDoc.TryGetValue((kind, key), out DocumentTail? document)) return (
            await snapshot.ReadDocMeasureAsync(Key, kind, key)).Size;
        if (document.Size is { } known) return known;
        (long size, bool isWhole) = document.Measure();
        if (!isWhole) size += (await snapshot.ReadDocMeasureAsync(Key, kind, key)).Size;
        document.Size = size;
        return size;
    }

    public async ValueTask<ContentClass> ClassOfAsync(IReadSnapshot snapshot, string kind, string key)
    {
        if (!tailByDoc.TryGetValue((kind, key), out DocumentTail? document)) return (
            await snapshot.ReadDocMeasureAsync(Key, kind, key)).Class;
        return document.Ops[^1].Class;
    }

    public async ValueTask<WriterRow?> FindWriterAsync(IWriteTransaction transaction, string writerId)
    {
        if (writers.TryGetValue(writerId, out WriterRow? writer)) return writer;
        writer = await transaction.FindWriterAsync(Key, writerId);
        if (writer is not null) SetWriter(writer);
        return writer;
    }

    public void SetWriter(WriterRow writer)
    {
        if (writers.Count >= limits.CachedWriters && !writers.ContainsKey(writer.WriterId)) writers.Clear();
        writers[writer.WriterId] = writer;
    }

    /// <summary>Returns what a ref of this share has left on a day without an op being applied.</summary>
    public async ValueTask<(long Rejections, long Duplicates)> UnappliedOfAsync(
        IReadSnapshot snapshot, long refKey, long day)
    {
        if (!unapplied.TryGetValue(refKey, out (long Day, long Rejections, long Duplicates) known) || known.Day != day)
        {
            DayUse use = await snapshot.ReadQuotaAsync(refKey, day);
            known = (day, use.Rejections, use.Duplicates);
            if (unapplied.Count >= limits.CachedWriters) unapplied.Clear();
            unapplied[refKey] = known;
        }

        return (known.Rejections, known.Duplicates);
    }

    public void AddUnapplied(long refKey, long rejections, long duplicates)
    {
        // What is not here is read again.
        if (!unapplied.TryGetValue(refKey, out (long Day, long Rejections, long Duplicates) known)) return;
        unapplied[refKey] = (known.Day, known.Rejections + rejections, known.Duplicates + duplicates);
    }

    private void IndexTail()
    {
        foreach (TailOp op in tail) AddToTail(op);
    }

    private void AddToTail(TailOp op)
    {
        tailOps.Add(op);
        TailBytes += op.Bytes;
        ref DocumentTail? document =
            ref CollectionsMarshal.GetValueRefOrAddDefault(tailByDoc, (op.Kind, op.Key), out _);
        (document ??= new DocumentTail()).Add(op);
        isDeep |= document.Depth >= limits.FoldDocumentOps;
    }
}
