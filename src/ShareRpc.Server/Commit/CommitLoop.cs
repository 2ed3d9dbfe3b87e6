using System.Data.Common;
using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Fold;
using ShareRpc.Server.Read;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Sqlite;

namespace ShareRpc.Server.Commit;

/// <summary>
/// The only writer. Whatever arrived while the last fsync ran goes into the next transaction; callers are answered, and readers woken,
/// after
/// it is on disk (I3, I4). A thread of its own.
/// </summary>
internal sealed class CommitLoop
{
    private readonly CommitQueue queue;
    private readonly IShareStore store;
    private readonly Broadcaster broadcaster;
    private readonly Folder folder;
    private readonly LogShareCache shares;
    private readonly ServerLimits limits;
    private readonly TimeProvider time;
    private readonly ILogger<CommitLoop> log;
    private readonly CommitMeter? meter;
    private readonly Thread thread;

    public CommitLoop(
        CommitQueue queue, IShareStore store, Broadcaster broadcaster, Folder folder, ServerLimits limits, TimeProvider time,
        ILogger<CommitLoop> log, CommitMeter? meter = null)
    {
        this.queue = queue;
        this.store = store;
        this.broadcaster = broadcaster;
        this.folder = folder;
        this.limits = limits;
        this.time = time;
        this.log = log;
        this.meter = meter;
        shares = new LogShareCache(limits);
        thread = new Thread(Run) { Name = "commit loop", IsBackground = true };
    }

    /// <summary>False after a transaction failed for the medium, until one succeeds.</summary>
    public bool IsStorageHealthy { get; private set; } = true;

    public void Start() => thread.Start();

    /// <summary>
    /// Whether a commit can succeed now. After a failure a probe is committed, since no caller may come to find out that the disk is back.
    /// </summary>
    public async Task<bool> CanCommitAsync()
    {
        if (IsStorageHealthy) return true;
        var probe = new CommitWork<bool>(scope =>
        {
            scope.Transaction.Probe();
            return true;
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

    /// <summary>Does what waits, then ends.</summary>
    public void Drain()
    {
        queue.Close();
        if (thread.IsAlive) thread.Join();
    }

    private void Run()
    {
        var items = new List<CommitItem>();
        while (queue.Take(items))
        {
            if (!TryCommit(items) && items.Count > 1)
            {
                // One of them is at fault: each gets a transaction of its own, so that it fails alone.
                foreach (CommitItem item in items) TryCommit([item]);
            }

            items.Clear();
            folder.LogMaintenance.BetweenTransactions();
        }
    }

    /// <summary>False when an item failed unexpectedly among others, and nothing was answered yet.</summary>
    private bool TryCommit(List<CommitItem> items)
    {
        var refused = new List<(CommitItem Item, ShareRpcException Error)>();
        try
        {
            using IWriteTransaction transaction = store.BeginWrite();
            var scope = new CommitScope(transaction, shares, time.GetUtcNow().ToUnixTimeMilliseconds());
            foreach (CommitItem item in items)
            {
                try
                {
                    item.Execute(scope);
                }
                catch (ShareRpcException refusal)
                {
                    refused.Add((item, refusal));
                }
            }

            long begun = time.GetTimestamp();
            transaction.Commit();
            meter?.Note(shares.Touched.Sum(share => share.Fresh.Count), time.GetElapsedTime(begun).TotalMilliseconds);
        }
        catch (DbException exception)
        {
            IsStorageHealthy = false;
            log.StorageFailed(exception, items.Count);
            if (SqliteTrouble.IsDamage(exception)) log.StorageDamaged();
            shares.Clear();
            foreach (CommitItem item in items) item.Fail(new(ErrorCode.StorageUnavailable) { RetryAfter = limits.StorageRetryAfter });
            FollowUp(items);
            return true;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            log.CommitItemFailed(exception, items.Count);
            shares.Clear();
            if (items.Count > 1) return false;
            items[0].Fail(new(ErrorCode.Internal));
            FollowUp(items);
            return true;
        }

        IsStorageHealthy = true;
        Publish();
        foreach ((CommitItem item, ShareRpcException error) in refused) item.Fail(error);
        foreach (CommitItem item in items) item.Complete();
        FollowUp(items);
        return true;
    }

    /// <summary>
    /// Has the answers sent: by other threads, so that the next transaction need not wait for it; but by this one when there is just one
    /// and nothing waits, because waking another thread takes longer than sending.
    /// </summary>
    private void FollowUp(List<CommitItem> items)
    {
        var left = new List<IThreadPoolWorkItem>(items.Count);
        foreach (CommitItem item in items)
        {
            if (item.FollowUp is { } work) left.Add(work);
        }

        if (left.Count == 1 && queue.Count == 0) left[0].Execute();
        else if (left.Count > 0) WorkRun.Queue([.. left]);
    }

    private void Publish()
    {
        foreach (LogShare share in shares.Touched)
        {
            if (share.Fresh.Count > 0) broadcaster.Publish(share.Key, [.. share.Fresh]);
            if (share.TailCount > 0) folder.Mark(share.Key, share.IsFoldDue);
        }

        shares.Settle();
    }
}
