using System.Collections.Concurrent;
using System.Data.Common;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Diagnostics;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Log;

/// <summary>
/// Folds the log into documents in the background: reads and computes on its own, and hands only the changed documents to the commit
/// loop. A crash at any point leaves the old checkpoint, from which the same fold is computed again.
/// </summary>
internal sealed class Folder(
    IShareStore store, CommitQueue queue, ServerLimits limits, TimeProvider time, ILogger<Folder> log, long? compactAfterOps = null)
{
    private const int OpsAtOnce = 1_000;
    private const int BytesAtOnce = 8 * 1024 * 1024;
    private readonly ConcurrentDictionary<long, bool> dirty = [];
    private readonly Channel<bool> urgent = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>The share has unfolded ops; with <paramref name="now"/> there are many.</summary>
    public void Mark(long shareKey, bool now)
    {
        dirty[shareKey] = true;
        if (now) urgent.Writer.TryWrite(true);
    }

    /// <summary>Folds until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(limits.FoldInterval, time);
        Task<bool> tick = timer.WaitForNextTickAsync(cancellationToken).AsTask();
        Task<bool> wake = urgent.Reader.ReadAsync(cancellationToken).AsTask();
        while (true)
        {
            Task first = await Task.WhenAny(tick, wake);
            if (cancellationToken.IsCancellationRequested) return;
            if (first == tick) tick = timer.WaitForNextTickAsync(cancellationToken).AsTask();
            else wake = urgent.Reader.ReadAsync(cancellationToken).AsTask();
            foreach (long shareKey in dirty.Keys) await FoldShareAsync(shareKey);
            CheckpointStore();
        }
    }

    /// <summary>Folds one share up to its head.</summary>
    public async Task FoldShareAsync(long shareKey)
    {
        dirty.TryRemove(shareKey, out _);
        try
        {
            while (Compute(shareKey) is { } folded)
            {
                var work = new CommitWork<bool>(scope => Store(scope, folded));
                queue.Enqueue(work);
                if (!await work.Completion) return;
            }

            if (compactAfterOps is { } horizon) await CompactShareAsync(shareKey, horizon);
        }
        catch (ShareRpcException error) when (error.IsTransient)
        {
            dirty[shareKey] = true; // busy, draining or out of disk: the next round tries again
        }
        catch (DbException exception)
        {
            log.FoldFailed(exception);
            dirty[shareKey] = true;
        }
    }

    private FoldedDocs? Compute(long shareKey)
    {
        using IReadSnapshot snapshot = store.BeginRead();
        ShareRow? share = snapshot.FindShare(shareKey);
        if (share is null or { State: ShareState.Deleted }) return null;
        IReadOnlyList<LoggedOp> ops = snapshot.ReadOps(shareKey, share.Folded, OpsAtOnce, BytesAtOnce);
        if (ops.Count == 0) return null;
        var docs = new Dictionary<(string, string), StoredDoc>();
        var replaced = new List<long>();
        foreach (LoggedOp op in ops)
        {
            bool isKnown = docs.TryGetValue((op.Kind, op.Key), out StoredDoc? before);
            if (!isKnown && (op.Verb == Verbs.Append || compactAfterOps is not null)) before = snapshot.FindDoc(shareKey, op.Kind, op.Key);
            if (!isKnown && before is not null && before.Cursor <= share.Scanned) replaced.Add(before.Cursor);
            long size = (op.Verb == Verbs.Append && before is not null ? before.Size : 0) + (op.Data?.Utf8.Length ?? 0);
            RawJson? data = DocumentFold.Apply(before?.Data, op.Verb, op.Data);
            docs[(op.Kind, op.Key)] = new StoredDoc(op.Kind, op.Key, op.Cursor, data, size, (ContentClass)op.ContentClass);
        }

        return new FoldedDocs(shareKey, share.Folded, ops[^1].Cursor, [.. docs.Values], replaced);
    }

    /// <summary>False when the share has changed under the fold: deleted, or folded by somebody else.</summary>
    private static bool Store(CommitScope scope, FoldedDocs folded)
    {
        LogShare share = scope.Shares.Get(scope.Transaction, folded.ShareKey);
        if (share.State == ShareState.Deleted || share.Folded != folded.From) return false;
        for (int i = 0; i < folded.Docs.Count; i++)
        {
            if (i == folded.Docs.Count / 2) FaultPoint.Pass("server.mid_fold");
            scope.Transaction.WriteDoc(folded.ShareKey, folded.Docs[i]);
        }

        scope.Transaction.SetFolded(folded.ShareKey, folded.UpTo);
        share.SetFolded(folded.UpTo);
        if (folded.Replaced.Count > 0) Drop(scope, folded.ShareKey, folded.Replaced);
        return true;
    }

    /// <summary>Drops the data of ops that compaction had to keep when it came by, because they were the last of their documents.</summary>
    private static void Drop(CommitScope scope, long shareKey, IReadOnlyList<long> replaced)
    {
        long dropped = replaced.Max(cursor => scope.Transaction.DropData(shareKey, cursor, cursor));
        ShareRow share = scope.Transaction.FindShare(shareKey)!;
        scope.Transaction.SetCompacted(shareKey, share.Scanned, Math.Max(share.Compacted, dropped));
    }

    /// <summary>
    /// Drops the data of superseded ops beyond the horizon, some at a time, between the appends of others. Ids, digests and seqs stay, so
    /// that resends are answered as ever (I2); the state has what the ops came to; a reader behind is told of the gap (I5).
    /// </summary>
    private async Task CompactShareAsync(long shareKey, long horizon)
    {
        bool isMore = true;
        while (isMore)
        {
            var work = new CommitWork<bool>(scope =>
            {
                ShareRow share = scope.Transaction.FindShare(shareKey)!;
                long end = Math.Min(share.Folded, scope.Shares.Get(scope.Transaction, shareKey).Head - horizon);
                long to = Math.Min(end, share.Scanned + OpsAtOnce);
                if (share.State == ShareState.Deleted || to <= share.Scanned) return false;
                long dropped = scope.Transaction.DropData(shareKey, share.Scanned + 1, to);
                scope.Transaction.SetCompacted(shareKey, to, Math.Max(share.Compacted, dropped));
                return to < end;
            });
            queue.Enqueue(work);
            isMore = await work.Completion;
        }
    }

    private void CheckpointStore()
    {
        try
        {
            store.Checkpoint();
        }
        catch (DbException exception)
        {
            log.CheckpointFailed(exception);
        }
    }
}
