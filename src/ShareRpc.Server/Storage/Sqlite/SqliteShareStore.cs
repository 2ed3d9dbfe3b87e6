using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>
/// One SQLite file in WAL mode: a write connection, pooled read connections, and one for log maintenance.
/// </summary>
internal sealed class SqliteShareStore : IShareStore
{
    public static readonly Schema Schema =
        Schema.Of(typeof(SqliteShareStore).Assembly, "ShareRpc.Server.Storage.Sqlite.Migrations.");

    /// <summary>Maximum idle connections.</summary>
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

    public LogMaintenance Log { get; }

    /// <summary>
    /// Opens or creates, checks for damage within a time limit, migrates, and makes a test commit. Without limits: no
    /// damage check.
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

    public Task<bool> PurgeAsync() => Log.PurgeAsync();

    public void Dispose()
    {
        disposed = true;
        while (readers.TryTake(out StoreConnection? reader)) reader.Dispose();
        writer.Dispose();
        Log.Dispose(); // last, so that it copies what is left of the log
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
