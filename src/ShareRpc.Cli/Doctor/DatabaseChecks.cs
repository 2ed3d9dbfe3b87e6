using Npgsql;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Postgres;

namespace ShareRpc.Cli.Doctor;

/// <summary>Looks at the database of nodes: reach, durability, schema, clock, connections. Changes nothing.</summary>
internal static class DatabaseChecks
{
    private const double ToleratedSkew = 2;

    private const string Question =
        """
        SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint, current_setting('synchronous_standby_names'),
          current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
            - (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend')
        """;

    /// <summary>The server's version, role, encoding and durability are looked at with the connection.</summary>
    public static async Task<IReadOnlyList<Finding>> RunAsync(
        string connectionString, string? keyFile, TimeProvider time, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        if (keyFile is null || !File.Exists(keyFile))
        {
            findings.Add(Finding.Fail("keys", "The file of --keys is not there: no token can be checked without it.",
                "Copy the file that sharerpc init made to this machine, and name it with --keys."));
        }

        try
        {
            using PostgresDatabase database = PostgresDatabase.Open(connectionString);
            await using NpgsqlConnection connection =
                await database.Source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            findings.Add(Finding.Ok("database",
                $"PostgreSQL {connection.PostgreSqlVersion} answers at {connection.Host}; it keeps what it confirms."));
            findings.Add(OfSchema(
                await PostgresSchema.VersionAsync(connection, cancellationToken).ConfigureAwait(false)));
            await using var command = new NpgsqlCommand(Question, connection);
            await using NpgsqlDataReader row =
                await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await row.ReadAsync(cancellationToken).ConfigureAwait(false);
            findings.Add(OfClock(row.GetInt64(0), time));
            findings.Add(row.GetString(1).Length > 0
                ? Finding.Ok("standby", "A commit waits for a standby.")
                : Finding.Warn("standby", "No commit waits for a standby: a failover may lose what was answered.",
                    "Set synchronous_standby_names if there is a standby; without one there is nothing to do."));
            findings.Add(OfConnections(row.GetInt32(2)));
        }
        catch (Exception exception) when (exception is StorageException or NpgsqlException or TimeoutException)
        {
            string fault = exception switch
            {
                StorageException known => known.Message,
                NpgsqlException refused => PostgresFailures.Translate(refused).Message,
                _ => "The database does not answer in time.",
            };
            findings.Add(Finding.Fail("database", fault,
                "Check the connection of --postgres, and that the database runs; then run this again."));
        }

        return findings;
    }

    private static Finding OfSchema(int? version) => version switch
    {
        null => Finding.Fail("schema", "The database is empty.", "Run sharerpc init --postgres once."),
        { } other when other > PostgresSchema.Newest => Finding.Fail("schema",
            $"The database has schema {other}, and this version of sharerpc knows {PostgresSchema.Newest}.",
            "Run the version that migrated it, or a newer one."),
        { } other when other < PostgresSchema.Newest => Finding.Warn("schema",
            $"The database has schema {other}: this version migrates it to {PostgresSchema.Newest} when it starts.",
            "Make a backup (pg_dump), and stop the nodes of the older version first."),
        { } same => Finding.Ok("schema", $"The database has schema {same}, as this version."),
    };

    private static Finding OfClock(long databaseMs, TimeProvider time)
    {
        double skew = Math.Abs(time.GetUtcNow().ToUnixTimeMilliseconds() - databaseMs) / 1000.0;
        return skew <= ToleratedSkew
            ? Finding.Ok("clock", "The clocks of this machine and of the database agree within 2 s.")
            : Finding.Warn("clock", $"The clocks of this machine and of the database differ by {skew:N0} s.",
                "Nodes go by the database's clock; still, run a time service (NTP) on both.");
    }

    private static Finding OfConnections(int free)
    {
        string said = $"{free} more connection(s) may be made to the database; a node takes up to "
            + $"{PostgresDatabase.MostConnections}.";
        return free >= PostgresDatabase.MostConnections ? Finding.Ok("connections", said)
            : Finding.Warn("connections", said, "Raise max_connections of PostgreSQL, or end other clients.");
    }
}
