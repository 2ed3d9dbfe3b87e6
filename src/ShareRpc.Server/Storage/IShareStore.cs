namespace ShareRpc.Server.Storage;

/// <summary>
/// The one seam to storage. One writer, the commit loop; readers on any thread see a consistent snapshot and never wait for the writer.
/// Failures of the medium are <see cref="StorageException"/>.
/// </summary>
internal interface IShareStore : IDisposable
{
    /// <summary>Starts the one write transaction; only the commit loop calls this. Disposing without commit rolls back.</summary>
    ValueTask<IWriteTransaction> BeginWriteAsync();

    /// <summary>Returns a consistent view of what is committed at its first read.</summary>
    ValueTask<IReadSnapshot> BeginReadAsync();
}
