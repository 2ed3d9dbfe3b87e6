using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>
/// The default store: one SQLite file in WAL mode. One write connection, a bounded pool of read connections, and one
/// that copies the log
/// (<see cref="LogMaintenance"/>).
/// </summary>
internal sealed class SqliteShareStore : IShareStore
{
    /// <summary>The schema of the files of this version.</summary>
    public static readonly Schema Schema =
        Schema.Of(typeof(SqliteShareStore).Assembly, "ShareRpc.Server.Storage.Sqlite.Migrations.");

    /// <summary>Read connections kept open; more than this many readers at once open one for the occasion.</summary>
    private const int PooledReaders = 8;

    private readonly string path;
    private readonly SqliteFile file;
    private readonly StoreConnection writer;
    private readonly ConcurrentBag<StoreConnection> readers = [];
    private int pooled;
    private volatile bool disposed;

    static SqliteShareStore() => SqliteFile.ConfigureProcess();

    private SqliteShareStore(string path, SqliteFile file, SqliteConnection writer, ServerLimits limits, ILogger? log)
    {
        (this.path, this.file) = (path, file);
        this.writer = new StoreConnection(new Statements(writer, Translate));
        Log = new LogMaintenance(
            this.writer.Statements, file.OpenForMaintenance(), limits.LogBytes, limits.LogPause, failure =>
                log?.LogMaintenanceFailed(failure));
    }

    /// <summary>What keeps the write-ahead log from growing.</summary>
    public LogMaintenance Log { get; }

    /// <summary>
    /// Opens or creates the file, looks for damage in it for as long as it may, brings its schema up to date, and commits something to see
    /// that it can. Without limits it does not look for damage, and has the default ones otherwise.
    /// </summary>
    public static SqliteShareStore Open(
        string path, TimeProvider time, ServerLimits? limits = null, ILogger? log = null, bool neverSyncs = false)
    {
        var file = new SqliteFile(path, neverSyncs: neverSyncs);
        SqliteConnection? writer = null;
        try
        {
            writer = file.OpenForWriting();
            StartCheck.Run(writer, limits?.StartCheckTime ?? TimeSpan.Zero, time);
            Schema.Apply(writer, path, "name another directory with --data");
            SqliteFile.Execute(writer, $"BEGIN IMMEDIATE; PRAGMA user_version = {Schema.Newest}; COMMIT");
            return new SqliteShareStore(path, file, writer, limits ?? new ServerLimits(), log);
        }
        catch (Exception exception)
        {
            writer?.Dispose();
            throw exception switch
            {
                SqliteException failure => SqliteFailures.Translate(failure, path),
                SchemaException => new StorageException(StorageFailure.Unavailable, exception.Message),
                _ => exception,
            };
        }
    }

    public ValueTask<IWriteTransaction> BeginWriteAsync() => new(new SqliteWriteTransaction(writer, Log));

    public ValueTask<IReadSnapshot> BeginReadAsync()
    {
        if (readers.TryTake(out StoreConnection? reader)) Interlocked.Decrement(ref pooled);
        else reader = OpenReader();
        return new(new SqliteSnapshot(this, reader));
    }

    public void Dispose()
    {
        disposed = true;
        while (readers.TryTake(out StoreConnection? reader)) reader.Dispose();
        Log.Dispose();
        writer.Dispose();
    }

    internal void Return(StoreConnection reader)
    {
        if (disposed || Interlocked.Increment(ref pooled) > PooledReaders)
        {
            if (!disposed) Interlocked.Decrement(ref pooled);
            reader.Dispose();
            return;
        }

        readers.Add(reader);
    }

    private StorageException Translate(SqliteException failure) => SqliteFailures.Translate(failure, path);

    private StoreConnection OpenReader()
    {
        try
        {
            return new StoreConnection(new Statements(file.OpenForReading(), Translate));
        }
        catch (SqliteException failure)
        {
            throw Translate(failure);
        }
    }
}
