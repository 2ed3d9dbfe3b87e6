using System.Globalization;
using Npgsql;

namespace ShareRpc.Server.Storage.Postgres;

/// <summary>Applies each script of <c>Migrations</c> once, one node at a time.</summary>
internal static class PostgresSchema
{
    /// <summary>Whoever migrates holds this advisory lock.</summary>
    private const long MigrationLock = 0x5368617265525043;

    private const string Prefix = "ShareRpc.Server.Storage.Postgres.Migrations.";

    private static readonly Lazy<IReadOnlyList<string>> Scripts = new(() =>
    [
        .. typeof(PostgresSchema).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal)
            .Select(Read),
    ]);

    /// <summary>The version that this program knows.</summary>
    public static int Newest => Scripts.Value.Count;

    /// <summary>Brings the database to this program's schema.</summary>
    /// <param name="isNew">Whether an empty database becomes ours; otherwise it is refused.</param>
    /// <exception cref="StorageException">It cannot be used; the message names the next step.</exception>
    public static async Task ApplyAsync(NpgsqlDataSource source, bool isNew, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await source.OpenConnectionAsync(cancellationToken)
            .ConfigureAwait(false);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken)
            .ConfigureAwait(false);
        await RunAsync(connection, $"SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock({Number(MigrationLock)})",
            cancellationToken).ConfigureAwait(false);
        int? version = await VersionAsync(connection, cancellationToken).ConfigureAwait(false);
        if (version is null && !isNew)
        {
            throw Refusal("is empty: run 'sharerpc init --postgres ...' once.");
        }

        if (version > Newest)
        {
            throw Refusal($"has schema {Number(version.Value)}, and this version of sharerpc knows {Number(Newest)}: "
                + "run the version that migrated it.");
        }

        if (version < Newest)
            await ServingNodes.DemandNoneAsync(connection, cancellationToken).ConfigureAwait(false);
        for (int next = version ?? 0; next < Newest; next++)
        {
            await RunAsync(connection, Scripts.Value[next], cancellationToken).ConfigureAwait(false);
        }

        if (version != Newest)
        {
            await RunAsync(connection,
                "CREATE TABLE IF NOT EXISTS sharerpc_schema (version int NOT NULL); DELETE FROM sharerpc_schema; "
                + $"INSERT INTO sharerpc_schema VALUES ({Number(Newest)})", cancellationToken).ConfigureAwait(false);
        }

        await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Returns the database's version; null for an empty one.</summary>
    public static async Task<int?> VersionAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var exists = new NpgsqlCommand("SELECT to_regclass('sharerpc_schema') IS NOT NULL", connection);
        if (!(bool)(await exists.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!) return null;
        await using var read = new NpgsqlCommand("SELECT max(version) FROM sharerpc_schema", connection);
        return await read.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) as int?;
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    private static StorageException Refusal(string fault) =>
        new(StorageFailure.Unavailable, $"The PostgreSQL database {fault}");

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Read(string name)
    {
        using var reader = new StreamReader(typeof(PostgresSchema).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
