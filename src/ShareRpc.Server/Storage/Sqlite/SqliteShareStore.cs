using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>
/// The default store: one SQLite file in WAL mode. One write connection, a bounded pool of read connections, and one for checkpoints.
/// </summary>
internal sealed class SqliteShareStore : IShareStore
{
    /// <summary>Read connections kept open; more than this many readers at once open one for the occasion.</summary>
    private const int PooledReaders = 8;

    private readonly SqliteFile file;
    private readonly Statements writer;
    private readonly SqliteConnection checkpointer;
    private readonly ConcurrentBag<Statements> readers = [];
    private int pooled;
    private volatile bool disposed;

    private SqliteShareStore(SqliteFile file, SqliteConnection writer)
    {
        this.file = file;
        this.writer = new Statements(writer);
        checkpointer = file.OpenForCheckpoints();
    }

    /// <summary>
    /// Opens or creates the file, looks for damage in it for as long as it may, brings its schema up to date, and commits something to see
    /// that it can.
    /// </summary>
    public static SqliteShareStore Open(string path, TimeProvider time, TimeSpan checkTime = default, bool neverSyncs = false)
    {
        var file = new SqliteFile(path, neverSyncs);
        SqliteConnection writer = file.OpenForWriting();
        try
        {
            StartCheck.Run(writer, checkTime, time);
            Migrator.Migrate(writer, time);
            var store = new SqliteShareStore(file, writer);
            using IWriteTransaction probe = store.BeginWrite();
            probe.Probe();
            probe.Commit();
            return store;
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    public IWriteTransaction BeginWrite() => new SqliteWriteTransaction(writer);

    public IReadSnapshot BeginRead()
    {
        if (readers.TryTake(out Statements? reader)) Interlocked.Decrement(ref pooled);
        else reader = new Statements(file.OpenForReading());
        return new SqliteSnapshot(this, reader);
    }

    public void Checkpoint()
    {
        lock (checkpointer) SqliteFile.Execute(checkpointer, "PRAGMA wal_checkpoint(PASSIVE)");
    }

    public void Dispose()
    {
        disposed = true;
        while (readers.TryTake(out Statements? reader)) reader.Dispose();
        checkpointer.Dispose();
        writer.Dispose();
    }

    internal void Return(Statements reader)
    {
        if (disposed || Interlocked.Increment(ref pooled) > PooledReaders)
        {
            if (!disposed) Interlocked.Decrement(ref pooled);
            reader.Dispose();
            return;
        }

        readers.Add(reader);
    }
}
