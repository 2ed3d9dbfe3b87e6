using System.Collections.Concurrent;

namespace ShareRpc.Client.Writing.Outbox;

/// <summary>Groups concurrent writes; failed parts are undone alone.</summary>
internal sealed class OutboxWrites(OutboxDatabase database, Action? onCommit = null) : IThreadPoolWorkItem
{
    private const int MostInGroup = 256;
    private readonly ConcurrentQueue<PendingWrite> waiting = new();
    private readonly List<PendingWrite> group = [];
    private TaskCompletionSource changed = NewSignal();
    private int isCommitting;

    public Task Changed => Volatile.Read(ref changed).Task;

    public void Signal() => Interlocked.Exchange(ref changed, NewSignal()).TrySetResult();

    /// <summary>Durable when done; may run the action twice.</summary>
    public Task<T> WriteAsync<T>(Func<T> action, CancellationToken cancellationToken)
    {
        var write = new PendingWrite<T>(action, cancellationToken);
        waiting.Enqueue(write);
        Begin();
        return write.Ended;
    }

    /// <summary>Durable on return; undone on error.</summary>
    public T Write<T>(Func<T> action)
    {
        T result = default!;
        lock (database.Gate)
        {
            database.Commit(() => result = action());
            database.AfterCommit();
        }

        return result;
    }

    public void Write(Action action) => Write(() =>
    {
        action();
        return true;
    });

    /// <summary>One at a time.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        try
        {
            lock (database.Gate)
            {
                while (group.Count < MostInGroup && waiting.TryDequeue(out PendingWrite? write)) group.Add(write);
                foreach (PendingWrite write in group.Where(write => write.IsCancelled))
                    write.Failure = new OperationCanceledException();
                CommitGroup([.. group.Where(write => write.Failure is null)]);
                database.AfterCommit();
            }

            if (group.Any(write => write.Failure is null))
            {
                Signal();
                onCommit?.Invoke();
            }

            foreach (PendingWrite write in group) write.End();
        }
        finally
        {
            group.Clear();
            Volatile.Write(ref isCommitting, 0);
        }

        if (!waiting.IsEmpty) Begin();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Begin()
    {
        if (Interlocked.Exchange(ref isCommitting, 1) == 0) ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
    }

    private void CommitGroup(List<PendingWrite> writes)
    {
        if (writes.Count > 1 && CommitTogether(writes)) return;
        foreach (PendingWrite write in writes.Where(write => write.Failure is null))
        {
            try
            {
                database.Commit(write.Run);
            }
            catch (Exception failure)
            {
                write.Failure = failure;
            }
        }
    }

    /// <summary>False: undone as a whole, for example on a full disk.</summary>
    private bool CommitTogether(List<PendingWrite> writes)
    {
        try
        {
            database.Begin();
        }
        catch (Exception failure)
        {
            foreach (PendingWrite write in writes) write.Failure = failure;
            return true;
        }

        try
        {
            foreach (PendingWrite write in writes) RunPart(write);
            database.Statements.Execute("COMMIT");
            return true;
        }
        catch (OutboxException)
        {
            database.Rollback();
            foreach (PendingWrite write in writes) write.Failure = null;
            return false;
        }
    }

    private void RunPart(PendingWrite write)
    {
        database.Statements.Execute("SAVEPOINT part");
        try
        {
            write.Run();
        }
        catch (Exception failure)
        {
            write.Failure = failure;
            database.Statements.Execute("ROLLBACK TO part");
        }

        database.Statements.Execute("RELEASE part");
    }
}
