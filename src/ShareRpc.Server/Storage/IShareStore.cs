namespace ShareRpc.Server.Storage;

/// <summary>
/// Only the commit loop writes; readers on any thread never wait for it. Failures throw <see cref="StorageException"/>.
/// </summary>
internal interface IShareStore : IDisposable
{
    /// <summary>
    /// Gets whether other processes write this store, too: then a transaction proves what is cached, by
    /// <see cref="IWriteTransaction.Expect"/> or <see cref="IWriteTransaction.LockAsync"/>.
    /// </summary>
    bool IsShared => false;

    /// <summary>For the commit loop only. Disposal without commit rolls back.</summary>
    ValueTask<IWriteTransaction> BeginWriteAsync();

    /// <summary>The view is fixed at its first read.</summary>
    ValueTask<IReadSnapshot> BeginReadAsync();

    /// <summary>Returns what the last restore gave to all shares; 0 without one.</summary>
    ValueTask<long> ReadGenerationAsync() => new(0L);

    /// <summary>
    /// Takes the turn to fold a share, which one process has at a time; null if another has it. It may be lost: what is
    /// done in it must be right without it.
    /// </summary>
    ValueTask<IAsyncDisposable?> TryTakeTurnAsync(long shareKey) => new(NoTurn.Instance);

    /// <summary>
    /// Makes unreadable, in all files of the store, what was deleted before. It may wait for a transaction to begin,
    /// which the caller sees to. Returns false if a reader keeps it from that: try again later.
    /// </summary>
    Task<bool> PurgeAsync();
}

/// <summary>The turn of the only process.</summary>
internal sealed class NoTurn : IAsyncDisposable
{
    public static readonly NoTurn Instance = new();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
