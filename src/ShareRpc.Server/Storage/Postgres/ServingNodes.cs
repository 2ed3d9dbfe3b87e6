using System.Globalization;
using Npgsql;

namespace ShareRpc.Server.Storage.Postgres;

/// <summary>Nodes that may serve a database now: what must not happen under them asks for this.</summary>
internal static class ServingNodes
{
    private const string Count =
        """
        SELECT count(*) FROM node
        WHERE ended_ms IS NULL AND renewed_ms + lease_ms + 1000 > extract(epoch FROM clock_timestamp()) * 1000
        """;

    /// <exception cref="StorageException">There are some.</exception>
    public static async Task DemandNoneAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Count, connection);
        long nodes = (long)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
        if (nodes == 0) return;
        throw new StorageException(StorageFailure.Busy, string.Create(CultureInfo.InvariantCulture,
            $"{nodes} node(s) serve this database: stop them, and repeat this some seconds later."));
    }
}
