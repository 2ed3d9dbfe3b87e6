using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access.Redaction;
using ShareRpc.Server.Fold;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Read;

/// <summary>Reads a page of checkpointed documents with the tail folded over it.</summary>
internal sealed class StateReader(IReadSnapshot snapshot, long shareKey, ProtocolLimits limits, ReadProfile profile)
{
    public bool HasTail { get; private set; }

    public async ValueTask<StatePage> ReadAsync(GetStateRequest request)
    {
        ShareRow share = (await snapshot.FindShareAsync(shareKey).ConfigureAwait(false))!;
        int limit = Math.Min(request.Limit ?? limits.PageEntries, limits.PageEntries);
        IReadOnlyList<TailOp> tail = await snapshot.ReadTailAsync(shareKey, share.Folded,
            int.MaxValue).ConfigureAwait(false);
        HasTail = tail.Count > 0;
        long head = HasTail ? tail[^1].Cursor : share.Folded;
        var page = new List<Document>();
        DocKey? after = request.AfterKey;
        long bytes = 0;
        foreach (string? kind in Kinds(request))
        {
            if (kind is not null && after is not null && string.CompareOrdinal(kind, after.Kind) < 0) continue;
            DocKey? start = kind is null || after?.Kind == kind ? after : null;
            await foreach (StoredDoc doc in MergeAsync(kind, start, tail, limit + 1 - page.Count).ConfigureAwait(false))
            {
                if (profile.Show(new Document(doc.Kind, doc.Key, doc.Cursor, doc.Data!.Value),
                    doc.Class) is not { } shown) continue;
                bytes += shown.Data.Utf8.Length;
                if (page.Count == limit || (page.Count > 0 && bytes > limits.PageBytes))
                    return Page(page, head, more: true);
                page.Add(shown);
            }
        }

        return Page(page, head, more: false);
    }

    private static IEnumerable<string?> Kinds(GetStateRequest request) =>
        request.Kinds is { Count: > 0 } kinds ? kinds.Distinct().Order(StringComparer.Ordinal) : [null];

    private static StatePage Page(List<Document> docs, long head, bool more) =>
        new() { Docs = docs, Cursor = head, NextKey = more ? new DocKey(docs[^1].Kind, docs[^1].Key) : null };

    private async IAsyncEnumerable<StoredDoc> MergeAsync(string? kind, DocKey? after, IReadOnlyList<TailOp> tail,
        int limit)
    {
        var touched = new Dictionary<DocKey, List<TailOp>>();
        foreach (TailOp op in tail)
        {
            var key = new DocKey(op.Kind, op.Key);
            if ((kind is not null && op.Kind != kind)
                || (after is not null && DocOrder.Instance.Compare(key, after) <= 0)) continue;
            if (!touched.TryGetValue(key, out List<TailOp>? ops)) touched.Add(key, ops = []);
            if (op.IsWhole) ops.Clear(); // whatever it was before
            ops.Add(op);
        }

        using IEnumerator<KeyValuePair<DocKey, List<TailOp>>> overlay =
            touched.OrderBy(document => document.Key, DocOrder.Instance).GetEnumerator();
        bool hasOverlay = overlay.MoveNext();
        while (true)
        {
            IReadOnlyList<StoredDoc> stored = await snapshot
                .ReadDocsAsync(shareKey, kind, after, limit, limits.PageBytes).ConfigureAwait(false);
            foreach (StoredDoc doc in stored)
            {
                var key = new DocKey(doc.Kind, doc.Key);
                for (; hasOverlay
                    && DocOrder.Instance.Compare(overlay.Current.Key, key) < 0; hasOverlay = overlay.MoveNext())
                {
                    if (await FoldAsync(null, overlay.Current.Key,
                        overlay.Current.Value).ConfigureAwait(false) is { Data: not null } added) yield return added;
                }

                bool isTouched = hasOverlay && DocOrder.Instance.Compare(overlay.Current.Key, key) == 0;
                StoredDoc current = isTouched
                    ? await FoldAsync(doc.Data, key, overlay.Current.Value).ConfigureAwait(false) : doc;
                if (isTouched) hasOverlay = overlay.MoveNext();
                if (current.Data is not null) yield return current;
            }

            if (stored.Count == 0) break;
            after = new DocKey(stored[^1].Kind, stored[^1].Key);
        }

        for (; hasOverlay; hasOverlay = overlay.MoveNext())
        {
            if (await FoldAsync(null, overlay.Current.Key,
                overlay.Current.Value).ConfigureAwait(false) is { Data: not null } added) yield return added;
        }
    }

    private async ValueTask<StoredDoc> FoldAsync(RawJson? current, DocKey key, List<TailOp> ops)
    {
        foreach (TailOp op in ops)
        {
            (string verb, ReadOnlyMemory<byte>? data, _) = await snapshot.ReadOpContentAsync(shareKey,
                op.Cursor).ConfigureAwait(false);
            current = DocumentFold.Apply(current, verb, data is { } bytes ? new RawJson(bytes) : null);
        }

        return new StoredDoc(key.Kind, key.Key, ops[^1].Cursor, current, 0, ops[^1].Class);
    }
}
