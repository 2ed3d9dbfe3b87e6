using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Diagnostics;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Supervision;

namespace ShareRpc.Server.Fold;

/// <summary>
/// Folds logs in the background, committed in small steps. After a crash it continues from the checkpoint.
/// </summary>
internal sealed class Folder(
    IShareStore store, CommitQueue queue, ServerOptions options, TimeProvider time, ILogger<Folder> log,
    IFoldListener? listener = null)
    : ICommitListener, IServerLoop
{
    private const int OpsAtOnce = 16_384;

    /// <summary>Each has a turn, which may hold a connection.</summary>
    private const int MostAtOnce = 4;
    private const int CompactedAtOnce = 1_000;
    private readonly ServerLimits limits = options.ServerLimits;
    private readonly long? compactAfterOps = options.CompactAfterOps;
    private readonly ConcurrentDictionary<long, bool> dirty = [];
    private readonly Channel<bool> urgent = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public string Name => "fold";

    public void OnCommitted(LogShare share)
    {
        if (share.TailCount > 0) Mark(share.Key, share.IsFoldDue);
    }

    /// <summary>The share has unfolded ops; with <paramref name="now"/> there are many.</summary>
    public void Mark(long shareKey, bool now)
    {
        if (!now)
        {
            dirty.TryAdd(shareKey, false);
            return;
        }

        dirty[shareKey] = true;
        urgent.Writer.TryWrite(true);
    }

    /// <summary>Folds long tails at once, others at the interval.</summary>
    public async Task RunAsync(Action succeeded, CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(limits.FoldInterval, time);
        Task<bool> tick = timer.WaitForNextTickAsync(stopping).AsTask();
        Task<bool> wake = urgent.Reader.WaitToReadAsync(stopping).AsTask();
        while (true)
        {
            Task first = await Task.WhenAny(tick, wake);
            await first;
            bool isTick = first == tick;
            if (isTick)
            {
                tick = timer.WaitForNextTickAsync(stopping).AsTask();
            }
            else
            {
                urgent.Reader.TryRead(out _);
                wake = urgent.Reader.WaitToReadAsync(stopping).AsTask();
            }

            List<long> due = [.. dirty.Where(share => isTick || share.Value).Select(share => share.Key)];
            await Parallel.ForEachAsync(
                due, AtOnce(stopping), (shareKey, _) => new ValueTask(FoldShareAsync(shareKey)));
            succeeded();
        }
    }

    private static ParallelOptions AtOnce(CancellationToken stopping) => new()
    {
        MaxDegreeOfParallelism = Math.Min(Environment.ProcessorCount, MostAtOnce), CancellationToken = stopping,
    };

    /// <summary>Folds up to the current head; later commits mark the share again.</summary>
    public async Task FoldShareAsync(long shareKey)
    {
        dirty.TryRemove(shareKey, out _);
        try
        {
            await using IAsyncDisposable? turn = await store.TryTakeTurnAsync(shareKey);
            if (turn is null)
            {
                dirty.TryAdd(shareKey, false); // another node folds it: the next round looks whether it did
                return;
            }

            bool isMore = true;
            while (isMore && await PlanAsync(shareKey) is { } plan)
            {
                isMore = !plan.ReachesHead;
                foreach (FoldPlan.Slice slice in plan.Slices(limits))
                {
                    FoldedDocs folded = await ComputeAsync(shareKey, slice);
                    var work = new CommitWork<bool>(scope => StoreAsync(scope, folded))
                    {
                        IsBackground = true, ShareKey = shareKey,
                        Size = (int)Math.Max(folded.Docs.Count, folded.UpTo - folded.From),
                    };
                    queue.Enqueue(work);
                    if (!await work.Completion) return;
                    listener?.OnFolded(shareKey);
                    if (folded.UpTo == slice.UpTo) continue;
                    isMore = true; // its documents were too large for one transaction: the rest is planned anew
                    break;
                }
            }

            if (compactAfterOps is { } horizon) await CompactShareAsync(shareKey, horizon);
        }
        catch (ShareRpcException error) when (error.IsTransient)
        {
            dirty.TryAdd(shareKey, false); // busy, draining or out of disk: the next round tries again
        }
        catch (StorageException exception)
        {
            log.FoldFailed(exception);
            dirty.TryAdd(shareKey, false);
        }
        catch
        {
            dirty.TryAdd(shareKey, false);
            throw;
        }
    }

    /// <summary>Takes the tail from memory; it is committed when this returns.</summary>
    private async ValueTask<FoldPlan?> PlanAsync(long shareKey)
    {
        var work = new CommitWork<(long Folded, TailOp[] Tail)>(async scope =>
        {
            ShareRow? row = await scope.Transaction.FindShareAsync(shareKey);
            if (row is null or { State: ShareState.Deleted }) return (0, []);
            LogShare share = await scope.Shares.GetAsync(scope.Transaction, shareKey);
            return (share.Folded, share.CopyTail(OpsAtOnce));
        }) { IsBackground = true, ShareKey = shareKey };
        queue.Enqueue(work);
        (long folded, TailOp[] tail) = await work.Completion;
        return tail.Length == 0 ? null : new FoldPlan(folded, tail, reachesHead: tail.Length < OpsAtOnce);
    }

    private async ValueTask<FoldedDocs> ComputeAsync(long shareKey, FoldPlan.Slice slice)
    {
        await using IReadSnapshot snapshot = await store.BeginReadAsync();
        long scanned = (await snapshot.FindShareAsync(shareKey))!.Scanned;
        var fold = new SliceFold(snapshot, shareKey, scanned, isCompacting: compactAfterOps is not null,
            limits.TransactionBytes);
        bool isCut = false;
        foreach (TailOp op in slice.Ops)
        {
            isCut = fold.IsFull;
            if (isCut) break;
            await fold.ApplyAsync(op);
        }

        return new FoldedDocs(shareKey, slice.From, isCut ? fold.Last : slice.UpTo, fold.Docs(), fold.Replaced);
    }

    /// <summary>Returns false if the share was deleted or folded meanwhile.</summary>
    private static async ValueTask<bool> StoreAsync(CommitScope scope, FoldedDocs folded)
    {
        LogShare share = await scope.Shares.GetAsync(scope.Transaction, folded.ShareKey);
        bool isStart = share.Folded == folded.From || BrokenRule.Is(BrokenRule.FoldUnconditional);
        if (share.State == ShareState.Deleted || !isStart) return false;
        int half = folded.Docs.Count / 2;
        scope.Transaction.WriteDocs(folded.ShareKey, [.. folded.Docs.Take(half)]);
        FaultPoint.Pass("server.mid_fold");
        scope.Transaction.WriteDocs(folded.ShareKey, [.. folded.Docs.Skip(half)]);
        scope.Transaction.SetFolded(folded.ShareKey, folded.UpTo);
        share.SetFolded(folded.UpTo);
        if (folded.Replaced.Count > 0) await DropAsync(scope, folded.ShareKey, folded.Replaced);
        return true;
    }

    private static async ValueTask DropAsync(CommitScope scope, long shareKey, IReadOnlyList<long> replaced)
    {
        long dropped = 0;
        foreach (long cursor in replaced) dropped = Math.Max(dropped,
            await scope.Transaction.DropDataAsync(shareKey, cursor, cursor));
        ShareRow share = (await scope.Transaction.FindShareAsync(shareKey))!;
        scope.Transaction.SetCompacted(shareKey, share.Scanned, Math.Max(share.Compacted, dropped));
    }

    /// <summary>
    /// Drops data of superseded ops before the horizon, in steps. Ids, digests and seqs stay for resends (I2); late
    /// readers get the gap (I5).
    /// </summary>
    private async Task CompactShareAsync(long shareKey, long horizon)
    {
        bool isMore = true;
        while (isMore)
        {
            var work = new CommitWork<bool>(async scope =>
            {
                ShareRow share = (await scope.Transaction.FindShareAsync(shareKey))!;
                long end = Math.Min(share.Folded,
                    (await scope.Shares.GetAsync(scope.Transaction, shareKey)).Head - horizon);
                long to = Math.Min(end, share.Scanned + CompactedAtOnce);
                if (share.State == ShareState.Deleted || to <= share.Scanned) return false;
                long dropped = await scope.Transaction.DropDataAsync(shareKey, share.Scanned + 1, to);
                scope.Transaction.SetCompacted(shareKey, to, Math.Max(share.Compacted, dropped));
                return to < end;
            }) { IsBackground = true, ShareKey = shareKey };
            queue.Enqueue(work);
            isMore = await work.Completion;
        }
    }
}
