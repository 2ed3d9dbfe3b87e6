using ShareRpc.Client.Reading;
using ShareRpc.Client.Writing;

namespace ShareRpc.Sources.Opencode;

/// <summary>The known keys: in the outbox with every reading of the rows, brought up to date by the events read since.</summary>
public sealed partial class OpencodeSync
{
    private async Task<KnownKeys> LoadKeysAsync(OpencodeView view, SyncPosition? position, CancellationToken cancellationToken)
    {
        KnownKeys loaded = KnownKeys.FromJson(await Writer.ReadBookmarkAsync(KeysBookmark, cancellationToken).ConfigureAwait(false));
        if (position is null) return loaded;
        foreach (OpencodeEvent source in view.EventsAfter(SessionId, loaded.EventSeq))
        {
            if (source.Seq > position.EventSeq) break;
            EventMapping.Map(source, loaded.Documents);
        }

        return loaded;
    }

    /// <summary>
    /// The keys are written before the first op: a process that dies in between finds a few too many of them, which costs a remove that
    /// changes nothing, instead of missing some, which would leave documents behind for ever.
    /// </summary>
    private async Task EnqueueRowsAsync(Pass pass, RowPass rows, long eventSeq, CancellationToken cancellationToken)
    {
        bool first = true;
        foreach (SyncStep step in rows.Steps())
        {
            if (first)
            {
                var all = new KnownDocuments();
                all.UnionWith(keys.Documents);
                all.UnionWith(rows.Known);
                await StoreKeysAsync(eventSeq, all, cancellationToken).ConfigureAwait(false);
                first = false;
            }

            await StoreAsync(pass, step.Ops, step.Atomic, null, cancellationToken).ConfigureAwait(false);
        }

        if (first) keys = new KnownKeys(eventSeq, rows.Known);
        else await StoreKeysAsync(eventSeq, rows.Known, cancellationToken).ConfigureAwait(false);
    }

    private async Task StoreKeysAsync(long eventSeq, KnownDocuments documents, CancellationToken cancellationToken)
    {
        var stored = new KnownKeys(eventSeq, documents);
        var options = new EnqueueOptions { Bookmark = new Bookmark(KeysBookmark, stored.ToJson()) };
        await Writer.EnqueueAsync([], options, cancellationToken).ConfigureAwait(false);
        keys = stored;
    }
}
