using Npgsql;

namespace ShareRpc.Server.Storage.Postgres;

/// <summary>
/// What <c>sharerpc restore</c> does to a database that its operator has put back (pg_restore, a point in time): all
/// shares get another generation, and all refs below the root are suspended, since nobody knows what was revoked since.
/// </summary>
internal static class PostgresRestore
{
    private const string Now = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

    /// <summary>Marks the database as restored.</summary>
    /// <param name="connectionString">The database; no node serves it.</param>
    /// <param name="cancellationToken">Ends it before its commit.</param>
    /// <exception cref="StorageException">The message names the fault and the next step.</exception>
    public static Task<RestoreReport> RunAsync(
        string connectionString, CancellationToken cancellationToken) =>
        InTransactionAsync(connectionString, connection => MarkAsync(connection, cancellationToken), cancellationToken);

    /// <summary>Marks the database as restored, in the caller's transaction.</summary>
    public static async Task<RestoreReport> MarkAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await ServingNodes.DemandNoneAsync(connection, cancellationToken).ConfigureAwait(false);
        long generation = await NumberAsync(
            connection,
            $"""
            INSERT INTO setting (name, value) VALUES ('generation', {Now}) ON CONFLICT (name)
            DO UPDATE SET value = greatest(excluded.value, setting.value + 1) RETURNING value
            """, cancellationToken).ConfigureAwait(false);
        long suspended = await NumberAsync(
            connection,
            $"""
            WITH marked AS (INSERT INTO setting (name, value) VALUES ('suspended_ms', {generation})
                ON CONFLICT (name) DO UPDATE SET value = excluded.value),
              suspended AS (UPDATE sturdy_ref SET suspended_ms = {generation} WHERE revoked_ms IS NULL
                AND (suspended_ms IS NULL
                  OR suspended_ms = (SELECT value FROM setting WHERE name = 'suspended_ms'))
                AND parent_key = (SELECT ref_key FROM sturdy_ref WHERE parent_key IS NULL) RETURNING 1)
            SELECT count(*) FROM suspended
            """, cancellationToken).ConfigureAwait(false);
        await NoteAsync(connection, "restore", suspended).ConfigureAwait(false);
        return new RestoreReport(generation, Applied: 0, (int)suspended)
        {
            Shares = await NumberAsync(
                connection, "SELECT count(*) FROM share WHERE state <> 2", cancellationToken).ConfigureAwait(false),
            Ops = await NumberAsync(
                connection, "SELECT count(*) FROM op", cancellationToken).ConfigureAwait(false),
        };
    }

    /// <summary>Ends the suspension that <see cref="RunAsync"/> began; returns how many refs.</summary>
    /// <exception cref="StorageException">As above.</exception>
    public static Task<int> AcceptOldAccessAsync(string connectionString, CancellationToken cancellationToken) =>
        InTransactionAsync(connectionString, async connection =>
        {
            long resumed = await NumberAsync(
                connection,
                """
                WITH mark AS (DELETE FROM setting WHERE name = 'suspended_ms' RETURNING value),
                  resumed AS (UPDATE sturdy_ref SET suspended_ms = NULL FROM mark WHERE suspended_ms = mark.value
                    RETURNING 1)
                SELECT count(*) FROM resumed
                """, cancellationToken).ConfigureAwait(false);
            await NoteAsync(connection, "accept_old_access", resumed).ConfigureAwait(false);
            return (int)resumed;
        }, cancellationToken);

    private static async Task<T> InTransactionAsync<T>(
        string connectionString, Func<NpgsqlConnection, Task<T>> work, CancellationToken cancellationToken)
    {
        using PostgresShareStore store =
            await PostgresShareStore.OpenAsync(connectionString, isNew: false, cancellationToken).ConfigureAwait(false);
        try
        {
            await using NpgsqlConnection connection =
                await store.Database.Source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            await using NpgsqlTransaction transaction =
                await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
            T result = await work(connection).ConfigureAwait(false);
            await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
            return result;
        }
        catch (NpgsqlException exception)
        {
            throw PostgresFailures.Translate(exception);
        }
    }

    private static async Task<long> NumberAsync(
        NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (long)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
    }

    /// <summary>Writes an entry of the audit trail as <see cref="AuditWrites"/> does.</summary>
    private static async Task NoteAsync(NpgsqlConnection connection, string action, long count)
    {
        await using var command = new NpgsqlCommand(
            $"SELECT pg_advisory_xact_lock_shared(2, 0); INSERT INTO audit (time_ms, action, count) "
            + $"VALUES ({Now}, '{action}', {count})", connection);
        await command.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
    }
}
