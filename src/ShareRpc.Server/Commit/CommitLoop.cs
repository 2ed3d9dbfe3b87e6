using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Supervision;

namespace ShareRpc.Server.Commit;

/// <summary>
/// The only writer. Whatever arrived while the last fsync ran goes into the next transaction; callers are answered, and
/// listeners told, after it is on disk (I3, I4). What an item throws, at whatever point, is that item's failure. Runs
/// on a thread of its own.
/// </summary>
internal sealed class CommitLoop : IServerLoop
{
    private readonly CommitQueue queue;
    private readonly IShareStore store;
    private readonly ICommitListener[] listeners;
    private readonly Action<LogShare>[] onCommitted;
    private readonly LogShareCache shares;
    private readonly ServerLimits limits;
    private readonly TimeProvider time;
    private readonly ILogger<CommitLoop> log;
    private readonly CommitMeter meter;

    public CommitLoop(
        CommitQueue queue, IShareStore store, IEnumerable<ICommitListener> listeners, ServerLimits limits, TimeProvider time,
        ILogger<CommitLoop> log, CommitMeter meter)
    {
        this.queue = queue;
        this.store = store;
        this.listeners = [.. listeners];
        onCommitted = [.. this.listeners.Select(listener => (Action<LogShare>)listener.OnCommitted)];
        this.limits = limits;
        this.time = time;
        this.log = log;
        this.meter = meter;
        shares = new LogShareCache(limits);
    }

    public string Name => "commit";

    public bool EndsByItself => true;

    /// <summary>False after a transaction failed for the medium, until one succeeds.</summary>
    public bool IsStorageHealthy { get; private set; } = true;

    /// <summary>
    /// Commits until the queue is closed and empty: so the queue, not the token, ends it, and nothing that was queued
    /// is left unanswered.
    /// </summary>
    public Task RunAsync(Action succeeded, CancellationToken stopping) => Task.Factory.StartNew(
        () => Run(succeeded), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>
    /// Whether a commit can succeed now. After a failure a probe is committed, since no caller may come to find out
    /// that the disk is back.
    /// </summary>
    public async Task<bool> CanCommitAsync()
    {
        if (IsStorageHealthy) return true;
        var probe = new CommitWork<bool>(scope =>
        {
            scope.Transaction.Probe();
            return ValueTask.FromResult(true);
        });
        try
        {
            queue.Enqueue(probe);
            return await probe.Completion.ConfigureAwait(false);
        }
        catch (ShareRpcException)
        {
            return false;
        }
    }

    private void Run(Action succeeded)
    {
        var items = new List<CommitItem>();
        try
        {
            while (queue.Take(items))
            {
                if (!Wait(TryCommitAsync(items)) && items.Count > 1)
                {
                    // One of them is at fault: each gets a transaction of its own, so that it fails alone.
                    foreach (CommitItem item in items) Wait(TryCommitAsync([item]));
                }

                items.Clear();
                succeeded();
            }
        }
        finally
        {
            // What was taken and not answered, because taking it or committing it threw what nobody expects.
            FailAll(items, new(ErrorCode.Internal));
        }
    }

    /// <summary>
    /// Waits for a transaction. One of a store in this process is over already.
    /// </summary>
#pragma warning disable VSTHRD002 // The thread is the loop's own, and nothing of this process comes back to it.
    private static bool Wait(ValueTask<bool> commit) =>
        commit.IsCompletedSuccessfully ? commit.Result : commit.AsTask().GetAwaiter().GetResult();
#pragma warning restore VSTHRD002

    /// <summary>Returns false when an item failed unexpectedly among others, and nothing was answered yet.</summary>
    private async ValueTask<bool> TryCommitAsync(List<CommitItem> items)
    {
        var refused = new List<(CommitItem Item, ShareRpcException Error)>();
        try
        {
            await using IWriteTransaction transaction = await store.BeginWriteAsync().ConfigureAwait(false);
            var scope = new CommitScope(transaction, shares, time.GetUtcNow().ToUnixTimeMilliseconds());
            foreach (CommitItem item in items)
            {
                try
                {
                    await item.ExecuteAsync(scope).ConfigureAwait(false);
                }
                catch (ShareRpcException refusal)
                {
                    refused.Add((item, refusal));
                }
            }

            long begun = time.GetTimestamp();
            await transaction.CommitAsync().ConfigureAwait(false);
            meter.Note(shares.Touched.Sum(share => share.Fresh.Count), time.GetElapsedTime(begun).TotalMilliseconds);
        }
        catch (StorageException exception)
        {
            IsStorageHealthy = false;
            log.StorageFailed(exception, items.Count);
            if (exception.Failure == StorageFailure.Damaged) log.StorageDamaged();
            FailAll(items, new(ErrorCode.StorageUnavailable) { RetryAfter = limits.StorageRetryAfter });
            return true;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            log.CommitItemFailed(exception, items.Count);
            if (items.Count > 1)
            {
                shares.Clear();
                return false;
            }

            FailAll(items, new(ErrorCode.Internal));
            return true;
        }

        IsStorageHealthy = true;
        foreach (LogShare share in shares.Touched)
        {
            foreach (Action<LogShare> listener in onCommitted) Guard(share, listener);
        }

        shares.Settle();
        foreach ((CommitItem item, ShareRpcException error) in refused) Guard(error, item.Fail);
        foreach (CommitItem item in items)
        {
            if (!Guard(item, static done => done.Complete())) Guard(new ShareRpcException(ErrorCode.Internal), item.Fail);
        }

        FollowUp(items);
        return true;
    }

    private void FailAll(List<CommitItem> items, ShareRpcException error)
    {
        shares.Clear();
        foreach (CommitItem item in items) Guard(error, item.Fail);
        FollowUp(items);
    }

    /// <summary>
    /// Runs a step after the commit. Returns false when it threw, which is logged, and is no failure of the others.
    /// </summary>
    private bool Guard<T>(T argument, Action<T> step)
    {
        try
        {
            step(argument);
            return true;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            log.AfterCommitFailed(exception);
            return false;
        }
    }

    /// <summary>
    /// Has the answers sent: by other threads, so that the next transaction need not wait for it; but by this one when
    /// there is just one and nothing waits, because waking another thread takes longer than sending.
    /// </summary>
    private void FollowUp(List<CommitItem> items)
    {
        var left = new List<IThreadPoolWorkItem>(items.Count);
        foreach (CommitItem item in items)
        {
            if (item.FollowUp is { } work) left.Add(work);
        }

        if (left.Count == 1 && queue.Count == 0) Guard(left[0], static work => work.Execute());
        else if (left.Count > 0) WorkRun.Queue([.. left], log);
    }
}
