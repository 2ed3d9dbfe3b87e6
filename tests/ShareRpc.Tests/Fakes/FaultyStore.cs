using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Fakes;

/// <summary>A store on a medium that a test can break and hold up, in front of a real one.</summary>
internal sealed class FaultyStore(IShareStore inner) : IShareStore
{
    private int reads;

    /// <summary>The real one.</summary>
    public IShareStore Inner => inner;

    /// <summary>Runs in every commit, before anything is durable; what it throws is the medium's failure.</summary>
    public Action? BeforeCommit { get; set; }

    /// <summary>Runs before every transaction; what it throws is the medium's failure.</summary>
    public Action? BeforeWrite { get; set; }

    /// <summary>Reads that were begun.</summary>
    public int Reads => Volatile.Read(ref reads);

    /// <summary>Is told what a transaction looks up of an op or document: its record or its content.</summary>
    public Action<string>? OnLook { get; set; }

    /// <summary>Is told the share of which a part is erased.</summary>
    public Action<long>? OnErase { get; set; }

    /// <summary>Runs before every snapshot.</summary>
    public Action? BeforeRead { get; set; }

    /// <summary>Transactions that are on disk.</summary>
    public int Commits { get; private set; }

    public bool IsShared => inner.IsShared;

    /// <summary>Every commit fails from now on, as on a full disk.</summary>
    public void Break() => BeforeCommit = () => throw new StorageException(StorageFailure.Full, "the disk is full");

    /// <summary>No transaction begins from now on, as when another process holds the lock of the database.</summary>
    public void Lock() => BeforeWrite = () => throw new StorageException(StorageFailure.Busy, "it is locked");

    public void Repair() => BeforeCommit = BeforeWrite = null;

    public async ValueTask<IWriteTransaction> BeginWriteAsync()
    {
        BeforeWrite?.Invoke();
        return new FaultyTransaction(await inner.BeginWriteAsync(), CommitAsync, what => OnLook?.Invoke(what),
            share => OnErase?.Invoke(share));
    }

    public ValueTask<IReadSnapshot> BeginReadAsync()
    {
        Interlocked.Increment(ref reads);
        BeforeRead?.Invoke();
        return inner.BeginReadAsync();
    }

    public ValueTask<IAsyncDisposable?> TryTakeTurnAsync(long shareKey) => inner.TryTakeTurnAsync(shareKey);

    public ValueTask<long> ReadGenerationAsync() => inner.ReadGenerationAsync();

    public Task<bool> PurgeAsync() => inner.PurgeAsync();

    public void Dispose() => inner.Dispose();

    private async ValueTask<bool> CommitAsync(IWriteTransaction transaction)
    {
        BeforeCommit?.Invoke();
        bool hasWritten = await transaction.CommitAsync();
        Commits++;
        return hasWritten;
    }
}
