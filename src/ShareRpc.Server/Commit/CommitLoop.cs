using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Supervision;

namespace ShareRpc.Server.Commit;

/// <summary>
/// The only writer, on its own thread, or on that which brings a batch while nobody else waits: it saves a switch of
/// threads. Commits what arrived during the last fsync; answers and notifies once durable (I3, I4). An item's exception
/// fails only that item.
/// </summary>
internal sealed class CommitLoop : IServerLoop
{
    private readonly CommitQueue queue;
    private readonly IShareStore store;
    private readonly ICommitListener[] listeners;
    private readonly Action<LogShare>[] onCommitted;
    /// <summary>Tries of a transaction whose cached state others change meanwhile.</summary>
    private const int MostTries = 8;

    private readonly LogShareCache shares;
    private readonly CommitProof proof;
    private readonly ServerLimits limits;
    private readonly TimeProvider time;
    private readonly ILogger<CommitLoop> log;
    private readonly CommitMeter meter;
    private readonly List<CommitItem> taken = [];
    private volatile bool isStorageHealthy = true;

    public CommitLoop(
        CommitQueue queue, IShareStore store, IEnumerable<ICommitListener> listeners, ServerLimits limits,
        TimeProvider time,
        ILogger<CommitLoop> log, CommitMeter meter, IAuthorityListener? authorities = null)
    {
        this.queue = queue;
        this.store = store;
        this.listeners = [.. listeners];
        onCommitted = [.. this.listeners.Select(listener => (Action<LogShare>)listener.OnCommitted)];
        this.limits = limits;
        this.time = time;
        this.log = log;
        this.meter = meter;
        shares = new LogShareCache(limits, store.IsShared);
        proof = new CommitProof(store, shares, authorities);

        // A commit that waits for the network would hold a thread that its own continuations need.
        if (!store.IsShared) queue.CommitHere = TryCommitHere;
    }

    public string Name => "commit";

    public bool EndsByItself => true;

    /// <summary>False after a storage failure, until a transaction has written something since.</summary>
    public bool IsStorageHealthy => isStorageHealthy;

    /// <summary>Ends when the queue is closed and empty, not by the token, so that every item is answered.</summary>
    public Task RunAsync(Action succeeded, CancellationToken stopping) => Task.Factory.StartNew(
        () => Run(succeeded), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Returns whether commits succeed; commits a probe after a failure.</summary>
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
        while (queue.Take(taken))
        {
            CommitTaken();
            succeeded();
        }
    }

    private void TryCommitHere()
    {
        if (!queue.TryTake(taken)) return;
        try
        {
            CommitTaken();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            log.LoopFailed(exception, Name, 1, TimeSpan.Zero); // all were answered; the connection is not at fault
        }
    }

    private void CommitTaken()
    {
        try
        {
            foreach (List<CommitItem> group in proof.GroupsOf(taken))
            {
                if (Wait(TryCommitAsync(group)) != Outcome.Faulty) continue;

                // One item is at fault: retry each alone.
                foreach (CommitItem item in group) Wait(TryCommitAsync([item]));
            }

            taken.Clear();
        }
        finally
        {
            // Unanswered because of an unexpected exception.
            FailAll(taken, new(ErrorCode.Internal));
            taken.Clear();
            queue.Release();
        }
    }

#pragma warning disable VSTHRD002 // The thread is the loop's own, and nothing of this process comes back to it.
    private static Outcome Wait(ValueTask<Outcome> commit) =>
        commit.IsCompletedSuccessfully ? commit.Result : commit.AsTask().GetAwaiter().GetResult();
#pragma warning restore VSTHRD002

    private async ValueTask<Outcome> TryCommitAsync(List<CommitItem> items, int tries = 1)
    {
        var refused = new List<(CommitItem Item, ShareRpcException Error)>();
        try
        {
            await using IWriteTransaction transaction = await store.BeginWriteAsync().ConfigureAwait(false);
            var scope = new CommitScope(transaction, shares, time.GetUtcNow().ToUnixTimeMilliseconds());
            await proof.TakeAsync(transaction, items, isFresh: tries > 1).ConfigureAwait(false);
            await LookUpAsync(scope, items).ConfigureAwait(false);
            await ExecuteAsync(scope, items, refused).ConfigureAwait(false);
            long begun = time.GetTimestamp();
            isStorageHealthy |= await transaction.CommitAsync().ConfigureAwait(false);
            shares.Raise(transaction.ChangedShares);
            int ops = 0;
            foreach (LogShare share in shares.Touched) ops += share.Fresh.Count;
            meter.Note(ops, time.GetElapsedTime(begun).TotalMilliseconds);
        }
        catch (StaleStateException) when (tries < MostTries)
        {
            shares.Drop();
            return await TryCommitAsync(items, tries + 1).ConfigureAwait(false);
        }
        catch (StorageException exception)
        {
            isStorageHealthy = false;
            log.StorageFailed(exception, items.Count);
            if (exception.Failure == StorageFailure.Damaged) log.StorageDamaged();
            await StorageFailedAsync(items, refused).ConfigureAwait(false);
            return Outcome.StorageFailed;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            log.CommitItemFailed(exception, items.Count);
            if (items.Count > 1)
            {
                shares.Clear();
                return Outcome.Faulty;
            }

            FailAll(items, new(ErrorCode.Internal));
            return Outcome.Answered;
        }

        foreach (LogShare share in shares.Touched)
        {
            foreach (Action<LogShare> listener in onCommitted) Guard(share, listener);
        }

        shares.Settle();
        foreach ((CommitItem item, ShareRpcException error) in refused) Guard(error, item.Fail);
        foreach (CommitItem item in items)
        {
            if (!Guard(item, static done => done.Complete()))
                Guard(new ShareRpcException(ErrorCode.Internal), item.Fail);
        }

        FollowUp(items);
        return Outcome.Answered;
    }

    private async ValueTask ExecuteAsync(
        CommitScope scope, List<CommitItem> items, List<(CommitItem Item, ShareRpcException Error)> refused)
    {
        long background = 0;
        foreach (CommitItem item in items)
        {
            // Background items come last.
            if (item.IsBackground && background == 0) background = TimeProvider.System.GetTimestamp();
            try
            {
                await item.ExecuteAsync(scope).ConfigureAwait(false);
            }
            catch (ShareRpcException refusal)
            {
                refused.Add((item, refusal));
            }
        }

        if (background != 0) queue.NoteBackground(TimeProvider.System.GetElapsedTime(background));
    }

    private static async ValueTask LookUpAsync(CommitScope scope, List<CommitItem> items)
    {
        var lookups = new List<AppendLookup>(items.Count);
        var askers = new List<CommitItem>(items.Count);
        foreach (CommitItem item in items)
        {
            try
            {
                if (await item.LookUpAsync(scope).ConfigureAwait(false) is not { } lookup) continue;
                lookups.Add(lookup);
                askers.Add(item);
            }
            catch (ShareRpcException)
            {
                // It is refused when its turn comes.
            }
        }

        if (lookups.Count == 0) return;
        IReadOnlyList<AppendFacts> facts = await scope.Transaction.ReadForAppendAsync(lookups).ConfigureAwait(false);
        for (int i = 0; i < askers.Count; i++)
        {
            scope.Uses.Add(lookups[i].Day, facts[i]);
            askers[i].Take(facts[i]);
        }
    }

    /// <summary>
    /// A refusal may rest on what the failed transaction had written; so each refused item is tried again alone.
    /// </summary>
    private async ValueTask StorageFailedAsync(
        List<CommitItem> items, List<(CommitItem Item, ShareRpcException Error)> refused)
    {
        var error = new ShareRpcException(ErrorCode.StorageUnavailable) { RetryAfter = limits.StorageRetryAfter };
        if (items.Count == 1)
        {
            FailAll(items, refused.Count == 1 ? refused[0].Error : error);
            return;
        }

        HashSet<CommitItem> again = [.. refused.Select(entry => entry.Item)];
        FailAll(items.FindAll(item => !again.Contains(item)), error);
        bool isUp = true;
        foreach ((CommitItem item, _) in refused)
        {
            // What the storage did not even begin may have waited for it: once is enough.
            if (isUp) isUp = await TryCommitAsync([item]).ConfigureAwait(false) == Outcome.Answered;
            else FailAll([item], error);
        }
    }

    private void FailAll(List<CommitItem> items, ShareRpcException error)
    {
        if (items.Count == 0) return;
        shares.Clear();
        foreach (CommitItem item in items) Guard(error, item.Fail);
        FollowUp(items);
    }

    private enum Outcome
    {
        Answered,
        StorageFailed,

        /// <summary>One of several items failed unexpectedly; none was answered.</summary>
        Faulty,
    }

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
    /// Answers on other threads, so as not to delay the next transaction; a single answer with an empty queue here,
    /// because that is faster.
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
