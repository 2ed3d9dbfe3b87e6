namespace ShareRpc.Server.Storage;

/// <summary>
/// Only the commit loop writes; readers on any thread never wait for it. Failures throw <see cref="StorageException"/>.
/// </summary>
internal interface IShareStore : IDisposable
{
    /// <summary>For the commit loop only. Disposal without commit rolls back.</summary>
    ValueTask<IWriteTransaction> BeginWriteAsync();

    /// <summary>The view is fixed at its first read.</summary>
    ValueTask<IReadSnapshot> BeginReadAsync();
}
