using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Limits;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Fold;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Supervision;

namespace ShareRpc.Server.Search;

/// <summary>
/// Brings folded documents into the index, in the background, in small steps, one of each share a round. What a stop
/// left behind is found at the next start, and from time to time.
/// </summary>
internal sealed class SearchIndexer(
    IShareStore store, ISearchIndex index, ServerLimits limits, ProtocolLimits protocol, CommitQueue queue,
    TimeProvider time, ILogger<SearchIndexer> log) : IServerLoop, IFoldListener
{
    private const int OpsAtOnce = 256;
    private const int EntriesAtOnce = 128;

    /// <summary>
    /// Rests so many times as long as a step took while others commit: it then uses at most a twentieth of a core.
    /// </summary>
    private const int RestBesideCommits = 19;

    private readonly ConcurrentDictionary<long, bool> dirty = [];
    private readonly Channel<bool> wakes = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public string Name => "search";

    public void OnFolded(long shareKey)
    {
        dirty[shareKey] = true;
        wakes.Writer.TryWrite(true);
    }

    public async Task RunAsync(Action succeeded, CancellationToken stopping)
    {
        await MarkLaggingAsync(stopping).ConfigureAwait(false);
        using var timer = new PeriodicTimer(limits.SearchScanInterval, time);
        Task<bool> tick = timer.WaitForNextTickAsync(stopping).AsTask();
        var failed = new Dictionary<long, long>();
        while (true)
        {
            bool hasMore = false;
            foreach (long shareKey in dirty.Keys)
            {
                stopping.ThrowIfCancellationRequested();
                bool waits = failed.TryGetValue(shareKey, out long since)
                    && time.GetElapsedTime(since) < limits.StorageRetryAfter;
                if (waits) continue;
                failed.Remove(shareKey);
                long begun = time.GetTimestamp();
                hasMore |= await TryStepAsync(shareKey, failed).ConfigureAwait(false);
                TimeSpan took = time.GetElapsedTime(begun);
                await Task.Delay(queue.IsIdle ? took : RestBesideCommits * took, time, stopping).ConfigureAwait(false);
            }

            succeeded();
            if (hasMore) continue;
            using var pausing = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            Task pause = Task.Delay(failed.Count > 0 ? limits.StorageRetryAfter : Timeout.InfiniteTimeSpan, time,
                pausing.Token);
            Task<bool> wake = wakes.Reader.WaitToReadAsync(stopping).AsTask();
            await (await Task.WhenAny(tick, wake, pause).ConfigureAwait(false)).ConfigureAwait(false);
            await pausing.CancelAsync().ConfigureAwait(false);
            wakes.Reader.TryRead(out _);
            if (!tick.IsCompleted) continue;
            tick = timer.WaitForNextTickAsync(stopping).AsTask();
            await MarkLaggingAsync(stopping).ConfigureAwait(false);
        }
    }

    /// <summary>What fails for one share, whatever it is, holds up no other.</summary>
    private async ValueTask<bool> TryStepAsync(long shareKey, Dictionary<long, long> failed)
    {
        dirty.TryRemove(shareKey, out _);
        bool hasMore = false;
        try
        {
            hasMore = await StepAsync(shareKey).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            log.IndexingFailed(exception);
            failed[shareKey] = time.GetTimestamp();
        }

        if (hasMore || failed.ContainsKey(shareKey)) dirty.TryAdd(shareKey, true);
        return hasMore;
    }

    /// <summary>Indexes some of what is folded of a share. Returns whether there may be more.</summary>
    public async ValueTask<bool> StepAsync(long shareKey)
    {
        long from = await index.IndexedAsync(shareKey).ConfigureAwait(false);
        if (from == ISearchIndex.Erased) return false;
        await using IReadSnapshot snapshot = await store.BeginReadAsync().ConfigureAwait(false);
        ShareRow? share = await snapshot.FindShareAsync(shareKey).ConfigureAwait(false);
        if (share is null or { State: ShareState.Deleted }) return false; // it is erased elsewhere
        if (from > share.Folded)
        {
            // The store is an older one than the index was made of.
            bool isEmpty = await index.EraseAsync(shareKey, EntriesAtOnce, indexed: from).ConfigureAwait(false);
            if (isEmpty) await index.EraseAsync(shareKey, 1, indexed: 0).ConfigureAwait(false);
            return true;
        }

        IReadOnlyList<TailOp> ops = from == share.Folded ? []
            : await snapshot.ReadTailAsync(shareKey, from, OpsAtOnce).ConfigureAwait(false);
        ops = [.. ops.TakeWhile(op => op.Cursor <= share.Folded)];
        if (ops.Count == 0) return false;
        var entries = new Dictionary<(string, string), SearchEntry>();
        long upTo = from;
        long bytes = 0;
        foreach (TailOp op in ops)
        {
            if (bytes > protocol.PageBytes || entries.Count == EntriesAtOnce) break;
            upTo = op.Cursor;
            if (entries.ContainsKey((op.Kind, op.Key))) continue;
            StoredDoc? doc = await snapshot.FindDocAsync(shareKey, op.Kind, op.Key).ConfigureAwait(false);
            bytes += doc?.Data?.Utf8.Length ?? 0;
            entries.Add((op.Kind, op.Key), EntryOf(doc, op));
        }

        return await index.WriteAsync(shareKey, from, upTo, [.. entries.Values]).ConfigureAwait(false);
    }

    private SearchEntry EntryOf(StoredDoc? doc, TailOp op)
    {
        var words = new Dictionary<SearchLayer, HashSet<string>>();
        if (doc?.Data is { } data)
        {
            SearchText.Read(op.Kind, doc.Class, data, limits.SearchedChars, (layer, text) =>
            {
                if (!words.TryGetValue(layer, out HashSet<string>? known)) words.Add(layer, known = []);
                SearchWords.Collect(text, known, limits.SearchedWords);
            });
        }

        return new SearchEntry(op.Kind, op.Key, doc?.Cursor ?? op.Cursor, words
            .Where(layer => layer.Value.Count > 0)
            .ToDictionary(layer => layer.Key, layer => (IReadOnlyCollection<string>)layer.Value
                .Concat(SearchText.Below(layer.Key).SelectMany(below => words.GetValueOrDefault(below) ?? []))
                .ToHashSet(StringComparer.Ordinal)));
    }

    private async Task MarkLaggingAsync(CancellationToken stopping)
    {
        long after = 0;
        while (true)
        {
            stopping.ThrowIfCancellationRequested();
            IReadOnlyList<ShareListRow> shares;
            await using (IReadSnapshot snapshot = await store.BeginReadAsync().ConfigureAwait(false))
                shares = await snapshot.ReadSharesAsync(null, after, protocol.PageEntries).ConfigureAwait(false);
            foreach (ShareRow share in shares.Select(listed => listed.Share))
            {
                if (share.State == ShareState.Deleted || share.Folded == 0) continue;
                if (await index.IndexedAsync(share.Key).ConfigureAwait(false) != share.Folded) OnFolded(share.Key);
            }

            if (shares.Count < protocol.PageEntries) return;
            after = shares[^1].Share.Key;
        }
    }
}
