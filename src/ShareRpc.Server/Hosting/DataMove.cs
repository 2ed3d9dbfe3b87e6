using Npgsql;
using ShareRpc.Protocol.Diagnostics;
using ShareRpc.Protocol.Ids;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Moving;
using ShareRpc.Server.Storage.Postgres;
using ShareRpc.Server.Storage.Postgres.Checking;
using ShareRpc.Server.Storage.Sqlite;
using ShareRpc.Server.Storage.Sqlite.Checking;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Hosting;

/// <summary>
/// Takes the data of a stopped server from a data directory to PostgreSQL, or back, and copies PostgreSQL, served or
/// not, to a backup. Both sides are checked, and must hold the same. What was left is served no more.
/// </summary>
internal static class DataMove
{
    private const string IsMoved = "SELECT count(*) FROM setting WHERE name = 'moved_ms'";

    /// <summary>Moves a data directory, or puts a backup, into a database without data.</summary>
    /// <exception cref="ServerStartException">The message names the fault and the next step.</exception>
    public static async Task<CheckReport> ToPostgresAsync(
        string dataDirectory, string postgres, string keyFile, IProgress<CheckProgress>? progress,
        CancellationToken cancellationToken)
    {
        DataFiles source = DataFiles.Find(dataDirectory);
        bool isBackup = File.Exists(source.BackupMarkPath);
        using DataDirectory? locked = isBackup ? null : DataDirectory.Open(source.Directory);
        if (!isBackup) SqliteShareStore.Open(source.DatabasePath, TimeProvider.System).Dispose(); // its log, copied
        CheckReport before = Sound(DataCheck.Run(source.Directory, progress, cancellationToken), source.Directory);
        byte[] key = ReadKey(source);
        if (File.Exists(keyFile) && !KeyFile.Read(keyFile).Any(known => known.Bytes.AsSpan().SequenceEqual(key)))
        {
            throw new ServerStartException(
                $"{keyFile} lacks the key of {source.Directory}: name a file with --keys that is not there yet.");
        }

        try
        {
            using PostgresShareStore store = await PostgresShareStore.OpenAsync(
                postgres, isNew: true, cancellationToken).ConfigureAwait(false);
            if (!File.Exists(keyFile)) KeyFile.Write(keyFile, key);
            await using NpgsqlConnection to =
                await store.Database.Source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            await using NpgsqlTransaction transaction =
                await to.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
            await RunAsync(to, "SET LOCAL idle_in_transaction_session_timeout = 0").ConfigureAwait(false);
            await ServingNodes.DemandNoneAsync(to, cancellationToken).ConfigureAwait(false);
            if (await NumberAsync(to, "SELECT count(*) FROM sturdy_ref").ConfigureAwait(false) > 0)
                throw new ServerStartException("The database holds data: name an empty one with --to-postgres.");
            using (Statements from = source.OpenDatabase())
                await StoreTables.CopyAsync(from, to, cancellationToken).ConfigureAwait(false);

            // With the rows: whatever ends the move behind the commit, nobody has access that a backup brought back.
            if (isBackup) await PostgresRestore.MarkAsync(to, cancellationToken).ConfigureAwait(false);
            FaultPoint.Pass("move.before_commit");
            await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
            FaultPoint.Pass("move.after_commit");
            await KeyTable.AddAsync(
                store.Database.Source, TokenVerifier.OpenFile(keyFile).Keys.Select(
                    known => (known.Id, known.Name, known.CheckValue)), cancellationToken).ConfigureAwait(false);
            await RunAsync(to, "ANALYZE").ConfigureAwait(false);
        }
        catch (NpgsqlException exception)
        {
            throw PostgresFailures.Translate(exception);
        }

        CheckReport after = Sound(
            await PostgresCheck.RunAsync(postgres, keys: null, cancellationToken).ConfigureAwait(false),
            "the database");
        DemandSame(before, after);
        if (locked is not null) SecretFile.Write(locked.MovedMarkPath, "PostgreSQL\n"u8.ToArray());
        return after;
    }

    /// <summary>Moves a database that no node serves into a data directory, which must not be there.</summary>
    /// <exception cref="ServerStartException">As above.</exception>
    public static async Task<CheckReport> ToDirectoryAsync(
        string postgres, string keyFile, string directory, TimeProvider time, IProgress<CheckProgress>? progress,
        CancellationToken cancellationToken)
    {
        using PostgresDatabase database = PostgresDatabase.Open(postgres);
        try
        {
            await using NpgsqlConnection mark =
                await database.Source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            await ServingNodes.DemandNoneAsync(mark, cancellationToken).ConfigureAwait(false);
            await RunAsync(mark, "INSERT INTO setting (name, value) VALUES ('moved_ms', "
                + $"{time.GetUtcNow().ToUnixTimeMilliseconds()}) ON CONFLICT DO NOTHING").ConfigureAwait(false);
            try
            {
                CheckReport before = Sound(
                    await PostgresCheck.RunAsync(postgres, keys: null, cancellationToken).ConfigureAwait(false),
                    "the database");
                CheckReport? after = null;
                await CopyAsync(database, keyFile, directory, async made =>
                {
                    after = Sound(DataCheck.Run(made.Directory, progress, cancellationToken), made.Directory);
                    DemandSame(before, after);
                    await ServingNodes.DemandNoneAsync(mark, cancellationToken).ConfigureAwait(false);
                }, cancellationToken).ConfigureAwait(false);
                return after!;
            }
            catch
            {
                await RunAsync(mark, "DELETE FROM setting WHERE name = 'moved_ms'").ConfigureAwait(false);
                throw;
            }
        }
        catch (NpgsqlException exception)
        {
            throw PostgresFailures.Translate(exception);
        }
    }

    /// <summary>Copies a database as of one moment, also while nodes serve it, to a backup directory.</summary>
    /// <exception cref="ServerStartException">As above.</exception>
    public static async Task<BackupReport> BackUpAsync(
        string postgres, string keyFile, string destination, CancellationToken cancellationToken)
    {
        using PostgresDatabase database = PostgresDatabase.Open(postgres);
        BackupReport? report = null;
        try
        {
            await CopyAsync(database, keyFile, destination, made =>
            {
                report = DataBackup.Mark(made, Path.GetFullPath(destination));
                return Task.CompletedTask;
            }, cancellationToken).ConfigureAwait(false);
            return report!;
        }
        catch (NpgsqlException exception)
        {
            throw PostgresFailures.Translate(exception);
        }
    }

    /// <summary>Refuses a database whose data is in a data directory now.</summary>
    public static async Task DemandNotMovedAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = source.CreateCommand(IsMoved);
        if ((long)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))! == 0) return;
        throw new ServerStartException("The data of this database was moved to a data directory: serve that (--data). "
            + "To undo the move: DELETE FROM setting WHERE name = 'moved_ms'.");
    }

    private static async Task CopyAsync(
        PostgresDatabase database, string keyFile, string directory, Func<DataFiles, Task> finishAsync,
        CancellationToken cancellationToken)
    {
        string full = Path.GetFullPath(directory).TrimEnd('/');
        if (Path.Exists(full)) throw new ServerStartException(
            $"{full} is there already, and nothing is overwritten: name another directory.");
        IReadOnlyList<ServerKey> keys = KeyFile.Read(keyFile);
        string partial = $"{full}.{RandomId.New()}.partial";
        try
        {
            DurableDirectory.Create(partial);
            var made = new DataFiles(partial);
            byte[] key;
            using (FileStream file = OwnerOnly.OpenAlone(made.DatabasePath))
            {
                key = await FillAsync(database, keys, made, cancellationToken).ConfigureAwait(false);
                file.Flush(flushToDisk: true);
            }

            DurableDirectory.Create(Path.GetDirectoryName(made.KeyPath)!);
            SecretFile.Write(made.KeyPath, key);
            await finishAsync(made).ConfigureAwait(false);
            DurableDirectory.Sync(partial);
            FaultPoint.Pass("move.before_rename");
            Directory.Move(partial, full);
            DurableDirectory.Sync(Path.GetDirectoryName(full)!);
        }
        catch
        {
            if (Directory.Exists(partial)) Directory.Delete(partial, recursive: true);
            throw;
        }
    }

    private static async Task<byte[]> FillAsync(
        PostgresDatabase database, IReadOnlyList<ServerKey> keys, DataFiles made, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection from =
            await database.Source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        if (await PostgresSchema.VersionAsync(from, cancellationToken).ConfigureAwait(false) != PostgresSchema.Newest)
        {
            throw new ServerStartException("The database has another schema than this version of sharerpc knows: use "
                + "the version that serves it.");
        }

        IReadOnlyList<string> missing = await KeyTable.FindMissingAsync(
            database.Source, [.. keys.Select(key => key.CheckValue)], cancellationToken).ConfigureAwait(false);
        if (missing.Count > 0)
            throw new ServerStartException($"--keys lacks a key of this database: {string.Join(", ", missing)}.");
        await RunAsync(from, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "
            + "SET LOCAL idle_in_transaction_session_timeout = 0").ConfigureAwait(false);
        using Statements to = EmptyStore.Create(made.DatabasePath);
        await StoreTables.CopyAsync(from, to, cancellationToken).ConfigureAwait(false);
        byte[] key = await OneKeyAsync(from, keys).ConfigureAwait(false);
        SqliteFile.Execute(to.Connection, "COMMIT");
        await RunAsync(from, "COMMIT").ConfigureAwait(false);
        return key;
    }

    /// <summary>Returns the key that a data directory gets: it has one.</summary>
    private static async Task<byte[]> OneKeyAsync(NpgsqlConnection connection, IReadOnlyList<ServerKey> keys)
    {
        var named = new List<byte[]>();
        await using (var read = new NpgsqlCommand(
            "SELECT DISTINCT substring(verifier FROM 33) FROM sturdy_ref WHERE length(verifier) > 32", connection))
        {
            await using NpgsqlDataReader row = await read.ExecuteReaderAsync().ConfigureAwait(false);
            while (await row.ReadAsync().ConfigureAwait(false)) named.Add(PostgresRows.Bytes(row, 0));
        }

        ServerKey? one = named.Count == 0 && keys.Count == 1 ? keys[0]
            : named.Count == 1 ? keys.FirstOrDefault(key => key.Id.AsSpan().SequenceEqual(named[0])) : null;
        return one?.Bytes ?? throw new ServerStartException("Tokens of this database were made with several keys, and "
            + "a data directory has one: rotate those that are older than the first key, or use pg_dump.");
    }

    private static byte[] ReadKey(DataFiles source) => source.DescribeKeyTrouble() is { } trouble
        ? throw new ServerStartException($"Nothing was moved: {trouble}.") : File.ReadAllBytes(source.KeyPath);

    private static CheckReport Sound(CheckReport report, string what) => report.Findings.Count == 0 ? report
        : throw new ServerStartException($"{what} is damaged ({report.Findings[0]}): restore a backup of it.");

    private static void DemandSame(CheckReport before, CheckReport after)
    {
        bool isSame = (before.Shares, before.Ops, before.Documents, before.Writers)
            == (after.Shares, after.Ops, after.Documents, after.Writers);
        if (!isSame) throw new ServerStartException("The copy does not hold what its source holds: keep the source.");
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync().ConfigureAwait(false);
    }

    private static async Task<long> NumberAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (long)(await command.ExecuteScalarAsync().ConfigureAwait(false))!;
    }
}
