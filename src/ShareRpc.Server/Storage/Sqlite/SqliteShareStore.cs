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
    private readonly RevokedLog revoked;
    private readonly ConcurrentBag<StoreConnection> readers = [];
    private int pooled;
    private int replayed;
    private volatile bool disposed;

    static SqliteShareStore() => SqliteFile.ConfigureProcess();

    private SqliteShareStore(
        string path, SqliteFile file, SqliteConnection writer, RevokedLog revoked, ServerLimits limits, ILogger? log)
    {
        (this.path, this.file, this.revoked) = (path, file, revoked);
        this.writer = new StoreConnection(new Statements(writer, Translate));
        Log = new LogMaintenance(
            this.writer.Statements, file.OpenForMaintenance(), limits.LogBytes, limits.LogPause, failure =>
                log?.LogMaintenanceFailed(failure));
    }

    public LogMaintenance Log { get; }

    /// <summary>
    /// Opens or creates, checks for damage within a time limit, migrates, makes a test commit, and applies what
    /// <see cref="RevokedLog"/> has and the database has not. Without limits: no damage check.
    /// </summary>
    /// <param name="path">The database.</param>
    /// <param name="time">The clock.</param>
    /// <param name="limits">The server's limits.</param>
    /// <param name="log">The server's log.</param>
    /// <param name="neverSyncs">For measurements.</param>
    /// <param name="revokedLog">For a restore: the <c>revoked.log</c> to go on with, of whatever id.</param>
    public static SqliteShareStore Open(
        string path, TimeProvider time, ServerLimits? limits = null, ILogger? log = null, bool neverSyncs = false,
        string? revokedLog = null)
    {
        var file = new SqliteFile(path, neverSyncs: neverSyncs);
        SqliteConnection? writer = null;
        RevokedLog? revoked = null;
        try
        {
            writer = file.OpenForWriting();
            StartCheck.Run(writer, limits?.StartCheckTime ?? TimeSpan.Zero, time);
            Schema.Apply(writer, path, "name another directory with --data");
            SqliteFile.Execute(writer, $"BEGIN IMMEDIATE; PRAGMA user_version = {Schema.Newest}; COMMIT");
            long known = ReadSetting(writer, StoreSettings.Revoked);
            long id = ReadSetting(writer, StoreSettings.RevokedLog);
            revoked = RevokedLog.Open(
                revokedLog ?? Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, RevokedLog.FileName), known,
                revokedLog is null ? id : null, neverSyncs, out IReadOnlyList<RevokedEntry> entries);
            if (revoked.Id != id)
            {
                SqliteFile.Execute(writer,
                    $"REPLACE INTO setting (name, value) VALUES ('{StoreSettings.RevokedLog}', {revoked.Id})");
            }

            var store = new SqliteShareStore(path, file, writer, revoked, limits ?? new ServerLimits(), log);
#pragma warning disable VSTHRD002 // SQLite answers at once.
            store.ReplayAsync([.. entries.Where(entry => entry.Number > known)], time, log).AsTask().GetAwaiter()
                .GetResult();
#pragma warning restore VSTHRD002
            return store;
        }
        catch (Exception exception)
        {
            writer?.Dispose();
            revoked?.Dispose();
            throw exception switch
            {
                SqliteException failure => SqliteFailures.Translate(failure, path),
                SchemaException => new StorageException(StorageFailure.Unavailable, exception.Message),
                _ => exception,
            };
        }
    }

    public ValueTask<IWriteTransaction> BeginWriteAsync() => new(new SqliteWriteTransaction(writer, Log, revoked));

    public ValueTask<IReadSnapshot> BeginReadAsync()
    {
        if (readers.TryTake(out StoreConnection? reader)) Interlocked.Decrement(ref pooled);
        else reader = OpenReader();
        return new(new SqliteSnapshot(this, reader));
    }

    public async ValueTask<long> ReadGenerationAsync()
    {
        await using var snapshot = (SqliteSnapshot)await BeginReadAsync();
        return snapshot.ReadSetting(StoreSettings.Generation);
    }

    /// <summary>
    /// Gives all shares another generation, and suspends what is directly below the root if that is asked for.
    /// </summary>
    /// <param name="nowMs">The time.</param>
    /// <param name="suspends">Whether nobody knows what was revoked since the backup.</param>
    public async ValueTask<RestoreReport> MarkRestoredAsync(long nowMs, bool suspends)
    {
        await using var transaction = new SqliteWriteTransaction(writer, Log, revoked: null);
        Statements statements = writer.Statements;
        long generation = Math.Max(nowMs, statements.ReadNumber(StoreSettings.Get, StoreSettings.Generation) + 1);
        statements.Execute(StoreSettings.Set, StoreSettings.Generation, generation);
        statements.Execute(StoreSettings.Set, StoreSettings.Revoked, revoked.Last);
        int suspended = 0;
        if (suspends)
        {
            suspended = statements.Execute(
                """
                UPDATE sturdy_ref SET suspended_ms = ?1 WHERE revoked_ms IS NULL
                  AND (suspended_ms IS NULL OR suspended_ms = (SELECT value FROM setting WHERE name = ?2))
                  AND parent_key = (SELECT ref_key FROM sturdy_ref WHERE parent_key IS NULL)
                """,
                generation, StoreSettings.SuspendedMs);
            statements.Execute(StoreSettings.Set, StoreSettings.SuspendedMs, generation);
        }

        transaction.InsertAudit(new AuditRow(nowMs, "restore", null, null, null) { Count = suspended });
        await transaction.CommitAsync();
        return new RestoreReport(generation, replayed, suspended);
    }

    /// <summary>Resumes what <see cref="MarkRestoredAsync"/> suspended; returns how many refs.</summary>
    public async ValueTask<int> ResumeRestoredAsync(long nowMs)
    {
        await using var transaction = new SqliteWriteTransaction(writer, Log, revoked: null);
        Statements statements = writer.Statements;
        long suspendedMs = statements.ReadNumber(StoreSettings.Get, StoreSettings.SuspendedMs);
        int resumed = suspendedMs == 0 ? 0 : statements.Execute(
            "UPDATE sturdy_ref SET suspended_ms = NULL WHERE suspended_ms = ?1", suspendedMs);
        statements.Execute("DELETE FROM setting WHERE name = ?1", StoreSettings.SuspendedMs);
        transaction.InsertAudit(new AuditRow(nowMs, "accept_old_access", null, null, null) { Count = resumed });
        await transaction.CommitAsync();
        return resumed;
    }

    public Task<bool> PurgeAsync() => Log.PurgeAsync();

    public void Dispose()
    {
        disposed = true;
        while (readers.TryTake(out StoreConnection? reader)) reader.Dispose();
        writer.Dispose();
        revoked.Dispose();
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

    private async ValueTask ReplayAsync(IReadOnlyList<RevokedEntry> entries, TimeProvider time, ILogger? log)
    {
        if (entries.Count == 0) return;
        await using var transaction = new SqliteWriteTransaction(writer, Log, revoked: null);
        await new RevokedReplay(writer.Statements, transaction, time.GetUtcNow().ToUnixTimeMilliseconds())
            .ApplyAsync(entries);
        await transaction.CommitAsync();
        replayed = entries.Count;
        log?.RevokedLogApplied(replayed);
    }

    private static long ReadSetting(SqliteConnection writer, string name) =>
        SqliteFile.ReadNumber(writer, $"SELECT COALESCE((SELECT value FROM setting WHERE name = '{name}'), 0)");

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
