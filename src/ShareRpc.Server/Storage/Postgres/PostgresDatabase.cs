using System.Globalization;
using Npgsql;

namespace ShareRpc.Server.Storage.Postgres;

/// <summary>
/// The connections of this node. Each is looked at once when it is made: the server is the primary, new enough, and
/// keeps what it has confirmed.
/// </summary>
internal sealed class PostgresDatabase : IDisposable, IAsyncDisposable
{
    /// <summary>Connections of a node at most.</summary>
    public const int MostConnections = 16;

    private const int OldestVersion = 15;

    /// <summary>What a node that is paused or cut off holds, ends with these.</summary>
    private const string SessionOptions =
        "-c idle_in_transaction_session_timeout=5s -c lock_timeout=4s -c statement_timeout=0 "
        + "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 -c tcp_user_timeout=10s "
        + "-c client_min_messages=warning -c TimeZone=UTC -c default_transaction_isolation=read\\ committed";

    private const string Look =
        """
        SELECT current_setting('server_version_num')::int / 10000, pg_is_in_recovery(), current_setting('fsync'),
          current_setting('synchronous_commit'), current_setting('server_encoding'),
          current_setting('default_transaction_read_only')
        """;

    private PostgresDatabase(NpgsqlDataSource source) => Source = source;

    /// <summary>Gets the source of connections: take one, use it for one transaction, and return it.</summary>
    public NpgsqlDataSource Source { get; }

    /// <summary>Reads a connection string such as <c>Host=db;Database=sharerpc;Username=sharerpc</c>.</summary>
    /// <exception cref="StorageException">It is not one.</exception>
    public static PostgresDatabase Open(string connectionString)
    {
        NpgsqlConnectionStringBuilder settings;
        try
        {
            settings = new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or KeyNotFoundException)
        {
            throw new StorageException(StorageFailure.Unavailable,
                "--postgres is not a connection string such as 'Host=db;Database=sharerpc;Username=sharerpc'.");
        }

        if (string.IsNullOrEmpty(settings.Host))
            throw new StorageException(StorageFailure.Unavailable, "--postgres names no Host.");
        settings.ApplicationName ??= "sharerpc";
        settings.MaxPoolSize = Math.Min(settings.MaxPoolSize, MostConnections);
        settings.Options = $"{settings.Options} {SessionOptions}".Trim();
        settings.Enlist = false;
        settings.NoResetOnClose = true;
        settings.IncludeErrorDetail = false;
        settings.TcpKeepAlive = !settings.Host.StartsWith('/'); // else a socket file
        settings.TcpKeepAliveTime = settings.TcpKeepAlive ? 5 : 0;
        settings.TcpKeepAliveInterval = settings.TcpKeepAlive ? 2 : 0;
        if (settings.MaxAutoPrepare == 0) (settings.MaxAutoPrepare, settings.AutoPrepareMinUsages) = (200, 2);
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
        builder.UsePhysicalConnectionInitializer(LookAt, LookAtAsync);
        return new PostgresDatabase(builder.Build());
    }

    public void Dispose() => Source.Dispose();

    public ValueTask DisposeAsync() => Source.DisposeAsync();

    private static void LookAt(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand(Look, connection);
        using NpgsqlDataReader row = command.ExecuteReader();
        row.Read();
        Judge(row);
    }

    private static async Task LookAtAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(Look, connection);
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync().ConfigureAwait(false);
        await row.ReadAsync().ConfigureAwait(false);
        Judge(row);
    }

    private static void Judge(NpgsqlDataReader row)
    {
        int version = row.GetInt32(0);
        string? fault =
            version < OldestVersion ? string.Create(CultureInfo.InvariantCulture,
                $"it is version {version}: version {OldestVersion} or newer is needed")
            : row.GetBoolean(1) || row.GetString(5) == "on" ? "it is a standby: connect to the primary"
            : row.GetString(2) == "off" ? "fsync is off: what it confirms could be lost"
            : row.GetString(3) is "off" or "local" ?
                $"synchronous_commit is {row.GetString(3)}: what it confirms could be lost; set it to on"
            : row.GetString(4) != "UTF8" ? $"its encoding is {row.GetString(4)}: create the database with UTF8"
            : null;
        if (fault is not null)
            throw new StorageException(StorageFailure.Unavailable, $"The PostgreSQL database cannot be used: {fault}.");
    }
}
