using System.Diagnostics;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Commit;

/// <summary>A share as of the current point of the transaction. Commit thread only; discarded when it fails.</summary>
internal sealed class LogShare(ShareRow row, long head, IReadOnlyList<TailOp> tail, ServerLimits limits)
{
    /// <summary>More are read again, so that those of many shares do not fill the memory.</summary>
    private const int KeptComments = 200;

    private readonly ShareTail unfolded = new();
    private readonly Dictionary<long, (long Day, DayUse Use)> uses = [];
    private readonly Dictionary<string, WriterRow> writers = new(StringComparer.Ordinal);
    private readonly List<AppendedBatch> written = [];
    private readonly Dictionary<string, OpRecord> writtenRecords = new(StringComparer.Ordinal);
    private int indexed;
    private bool isDeep;
    private ShareComments? comments;

    public long Key => row.Key;

    public ShareState State { get; set; } = row.State;

    public long Head { get; private set; } = head;

    /// <summary>Gets or sets the version at which it is cached.</summary>
    public long Version { get; set; } = row.Version;

    public long Folded { get; private set; } = row.Folded;

    public int TailCount => unfolded.Count;

    public long TailBytes => unfolded.Bytes;

    public bool IsFoldDue => TailCount >= limits.FoldOps || TailBytes >= limits.FoldBytes || isDeep;

    public long UsedAt { get; set; }

    /// <summary>Published once durable.</summary>
    public List<LoggedOp> Fresh { get; } = [];

    /// <summary>Gets or sets the span of the newest traced append in this transaction.</summary>
    public ActivityContext Trace { get; set; }

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
        if (op.Kind == Kinds.Comment) comments?.Set(op.Key, op.Verb != Verbs.Remove);
        AddToTail(new TailOp(op.Cursor, op.Verb, op.Kind, op.Key, op.Data?.Utf8.Length
            ?? 0, (ContentClass)op.ContentClass));
    }

    public void BackTo(long head)
    {
        unfolded.BackTo(head);
        comments = null;
        Fresh.RemoveAll(op => op.Cursor > head);
        Head = head;
    }

    public void SetFolded(long folded)
    {
        Folded = folded;
        isDeep = false;
        unfolded.Fold(folded);
    }

    /// <summary>Returns the oldest unfolded ops.</summary>
    public TailOp[] CopyTail(int most) => unfolded.Copy(most);

    public IReadOnlyList<TailOp> TailOf(string kind, string key) => unfolded.Of(kind, key);

    public TailOp? LastOf(string kind, string key) => unfolded.LastOf(kind, key);

    /// <summary>Cached while a document has unfolded ops: one store query per fold.</summary>
    public async ValueTask<long> SizeOfAsync(DocumentMeasures folded, string kind, string key)
    {
        if (unfolded.FindSize(kind, key) is { } known) return known;
        if (unfolded.LastOf(kind, key) is null) return (await folded.OfAsync(kind, key)).Size;
        (long size, bool isWhole) = unfolded.Measure(kind, key);
        if (!isWhole) size += (await folded.OfAsync(kind, key)).Size;
        unfolded.SetSize(kind, key, size);
        return size;
    }

    /// <summary>Returns whether the size and class of a document are known without the store.</summary>
    public bool IsMeasured(string kind, string key) => unfolded.FindSize(kind, key) is not null;

    public async ValueTask<ContentClass> ClassOfAsync(DocumentMeasures folded, string kind, string key) =>
        unfolded.LastOf(kind, key)?.Class ?? (await folded.OfAsync(kind, key)).Class;

    /// <summary>Returns the comments as of this point of the transaction.</summary>
    public async ValueTask<ShareComments> CommentsAsync(IWriteTransaction transaction)
    {
        if (comments is not null) return comments;
        var found = new ShareComments();
        foreach (string key in await transaction.ReadDocKeysAsync(Key, Kinds.Comment, int.MaxValue))
            found.Set(key, isThere: true);
        foreach (string key in unfolded.KeysOf(Kinds.Comment))
            found.Set(key, unfolded.LastOf(Kinds.Comment, key)?.Verb != Verbs.Remove);
        return comments = found;
    }

    public async ValueTask<WriterRow?> FindWriterAsync(IWriteTransaction transaction, string writerId)
    {
        if (writers.TryGetValue(writerId, out WriterRow? writer)) return writer;
        writer = await transaction.FindWriterAsync(Key, writerId);
        if (writer is not null) SetWriter(writer);
        return writer;
    }

    /// <summary>Finds what a ref of this share has used of a day.</summary>
    public bool TryFindUse(long refKey, long day, out DayUse use)
    {
        bool isKnown = uses.TryGetValue(refKey, out (long Day, DayUse Use) known) && known.Day == day;
        use = known.Use;
        return isKnown;
    }

    public void SetUse(long refKey, long day, DayUse use)
    {
        if (uses.Count >= limits.CachedWriters && !uses.ContainsKey(refKey)) uses.Clear();
        uses[refKey] = (day, use);
    }

    public void SetWriter(WriterRow writer)
    {
        if (writers.Count >= limits.CachedWriters && !writers.ContainsKey(writer.WriterId)) writers.Clear();
        writers[writer.WriterId] = writer;
    }

    /// <summary>Remembers what a batch of this transaction left, for those behind it.</summary>
    public void Note(AppendedBatch batch) => written.Add(batch);

    /// <summary>
    /// Returns what the transaction has recorded of an op id: the op, else its newest duplicate, else its newest
    /// rejection. Only what was noted before the current batch.
    /// </summary>
    public OpRecord? FindWritten(string opId)
    {
        for (; indexed < written.Count; indexed++)
        {
            AppendedBatch batch = written[indexed];
            foreach (UnappliedOp op in batch.Unapplied)
            {
                bool isNewer = !writtenRecords.TryGetValue(op.OpId, out OpRecord? known)
                    || (!known.Applied && (op.Code is null || known.Code is not null));
                if (isNewer) writtenRecords[op.OpId] = new(op.OpId, op.Digest, op.Cursor, Applied: false, op.Code);
            }

            foreach (AppliedOp op in batch.Applied)
                writtenRecords[op.Op.OpId] = new(op.Op.OpId, op.Digest, op.Cursor, Applied: true, Code: null);
        }

        return writtenRecords.GetValueOrDefault(opId);
    }

    /// <summary>Returns the op if this transaction appended it.</summary>
    public LoggedOp? FindFresh(long cursor)
    {
        if (Fresh.Count == 0 || cursor < Fresh[0].Cursor) return null;
        return Fresh[(int)(cursor - Fresh[0].Cursor)];
    }

    /// <summary>Begins the next transaction.</summary>
    public void Settle()
    {
        Fresh.Clear();
        Trace = default;
        if (comments?.Count > KeptComments) comments = null;
        if (written.Count == 0) return;
        written.Clear();
        writtenRecords.Clear();
        indexed = 0;
    }

    private void IndexTail()
    {
        foreach (TailOp op in tail) AddToTail(op);
    }

    private void AddToTail(TailOp op) => isDeep |= unfolded.Add(op) >= limits.FoldDocumentOps;
}
