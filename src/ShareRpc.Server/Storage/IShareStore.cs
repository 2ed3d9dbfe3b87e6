namespace ShareRpc.Server.Storage;

/// <summary>
/// The one seam to storage. One writer, the commit loop; readers on any thread see a consistent snapshot and never wait for the writer.
/// Failures of the medium are <see cref="System.Data.Common.DbException"/>.
/// </summary>
internal interface IShareStore : IDisposable
{
    /// <summary>Starts the one write transaction; only the commit loop calls this. Disposing without commit rolls back.</summary>
    IWriteTransaction BeginWrite();

    /// <summary>A consistent view of what is committed at its first read.</summary>
    IReadSnapshot BeginRead();

    /// <summary>Copies committed pages from the write-ahead log into the database, beside the commits. May do nothing.</summary>
    LogSize Checkpoint();

    /// <summary>
    /// Copies what is left, and has the next transaction overwrite the write-ahead log from its start; only between write transactions, on
    /// the thread that makes them. False when somebody still reads an old moment after this wait, or a checkpoint is going on.
    /// </summary>
    bool RestartLog(TimeSpan readersWait);
}

/// <summary>The write-ahead log after a checkpoint: its bytes, and those of them that are not in the database yet.</summary>
internal readonly record struct LogSize(long Bytes, long Left);

/// <summary>A data directory cannot be read, checked or copied; the message says why and what to do, in words for whoever asked.</summary>
public sealed class StorageException(string message) : Exception(message);
