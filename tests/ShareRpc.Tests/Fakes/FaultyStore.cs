using System.Data.Common;
using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Fakes;

/// <summary>A store on a medium that a test can break and hold up, in front of a real one.</summary>
internal sealed class FaultyStore(IShareStore inner) : IShareStore
{
    private int reads;

    /// <summary>Runs in every commit, before anything is durable; what it throws is the medium's failure.</summary>
    public Action? BeforeCommit { get; set; }

    /// <summary>Reads that were begun.</summary>
    public int Reads => Volatile.Read(ref reads);

    /// <summary>Runs before every snapshot.</summary>
    public Action? BeforeRead { get; set; }

    /// <summary>Runs before the log is copied.</summary>
    public Action? BeforeCheckpoint { get; set; }

    /// <summary>Runs before the log begins anew.</summary>
    public Action? BeforeRestart { get; set; }

    /// <summary>Transactions that are on disk.</summary>
    public int Commits { get; private set; }

    /// <summary>Every commit fails from now on, as on a full disk.</summary>
    public void Break() => BeforeCommit = () => throw new DiskFullException();

    public void Repair() => BeforeCommit = null;

    public IWriteTransaction BeginWrite() => new FaultyTransaction(inner.BeginWrite(), Commit);

    public IReadSnapshot BeginRead()
    {
        Interlocked.Increment(ref reads);
        BeforeRead?.Invoke();
        return inner.BeginRead();
    }

    public LogSize Checkpoint()
    {
        BeforeCheckpoint?.Invoke();
        return inner.Checkpoint();
    }

    public bool RestartLog(TimeSpan readersWait)
    {
        BeforeRestart?.Invoke();
        return inner.RestartLog(readersWait);
    }

    public void Dispose() => inner.Dispose();

    private void Commit(IWriteTransaction transaction)
    {
        BeforeCommit?.Invoke();
        transaction.Commit();
        Commits++;
    }

    private sealed class DiskFullException() : DbException("database or disk is full");
}
