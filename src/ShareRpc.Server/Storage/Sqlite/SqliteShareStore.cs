using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using ShareRpc.Sqlite;
using SQLitePCL;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>
/// The default store: one SQLite file in WAL mode. One write connection, a bounded pool of read connections, and one for checkpoints.
/// </summary>
internal sealed class SqliteShareStore : IShareStore
{
    /// <summary>Read connections kept open; more than this many readers at once open one for the occasion.</summary>
    private const int PooledReaders = 8;
    private const int FrameHeaderBytes = 24;

    /// <summary>The schema of the files of this version.</summary>
    public static readonly Schema Schema =
        Schema.Of(typeof(SqliteShareStore).Assembly, "ShareRpc.Server.Storage.Sqlite.Migrations.");

    private readonly SqliteFile file;
    private readonly Statements writer;
    private readonly SqliteConnection checkpointer;
    private readonly long bytesOfFrame;
    private readonly ConcurrentBag<Statements> readers = [];
    private int pooled;
    private volatile bool disposed;

    private SqliteShareStore(SqliteFile file, SqliteConnection writer)
    {
        this.file = file;
        this.writer = new Statements(writer);
        checkpointer = file.OpenForCheckpoints();
        bytesOfFrame = SqliteFile.ReadNumber(checkpointer, "PRAGMA page_size") + FrameHeaderBytes;
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
            Schema.Apply(writer, path, "name another directory with --data");
            var store = new SqliteShareStore(file, writer);
            using IWriteTransaction probe = store.BeginWrite();
            probe.Probe();
            probe.Commit();
            return store;
        }
        catch (Exception exception)
        {
            writer.Dispose();
            if (exception is SchemaException) throw new ServerStartException(exception.Message);
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

    public LogSize Checkpoint()
    {
        lock (checkpointer)
        {
            Checkpoint(raw.SQLITE_CHECKPOINT_PASSIVE, out int frames, out int copied);
            return new LogSize(frames * bytesOfFrame, (frames - copied) * bytesOfFrame);
        }
    }

    public bool RestartLog(TimeSpan readersWait)
    {
        if (!Monitor.TryEnter(checkpointer)) return false;
        try
        {
            raw.sqlite3_busy_timeout(checkpointer.Handle, (int)readersWait.TotalMilliseconds);
            return Checkpoint(raw.SQLITE_CHECKPOINT_RESTART, out _, out _);
        }
        finally
        {
            Monitor.Exit(checkpointer);
        }
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

    /// <summary>False when others hold the log, which is no failure.</summary>
    private bool Checkpoint(int mode, out int frames, out int copied)
    {
        int result = raw.sqlite3_wal_checkpoint_v2(checkpointer.Handle, "main", mode, out frames, out copied);
        if (result == raw.SQLITE_BUSY) return false;
        SqliteException.ThrowExceptionForRC(result, checkpointer.Handle);
        return true;
    }
}
