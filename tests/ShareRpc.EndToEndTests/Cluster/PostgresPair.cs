using Npgsql;

namespace ShareRpc.EndToEndTests.Cluster;

/// <summary>
/// A primary and its synchronous standby. When the primary is killed, the standby is promoted, and gets a standby of
/// its own.
/// </summary>
internal sealed class PostgresPair : IAsyncDisposable
{
    private PostgresPair(PostgresServer primary) => Primary = primary;

    public PostgresServer Primary { get; private set; }

    public PostgresServer? Standby { get; private set; }

    /// <param name="hasStandby">Otherwise the primary is alone.</param>
    /// <param name="settings">Further settings of the primary.</param>
    public static async Task<PostgresPair> StartAsync(bool hasStandby, params string[] settings)
    {
        var pair = new PostgresPair(await PostgresServer.StartAsync(settings));
        if (hasStandby) await pair.AddStandbyAsync();
        return pair;
    }


    /// <summary>Makes the standby the primary, which has none then. The former one is gone.</summary>
    public async Task PromoteAsync()
    {
        await Standby!.ExecuteAsync("SELECT pg_promote(true, 60)");
        await Primary.DisposeAsync();
        (Primary, Standby) = (Standby, null);

        // Otherwise nothing is confirmed before there is a standby again.
        await WaitForStandbyAsync("");
    }

    public async ValueTask DisposeAsync()
    {
        if (Standby is not null) await Standby.DisposeAsync();
        await Primary.DisposeAsync();
    }

    public async Task AddStandbyAsync()
    {
        Standby = await Primary.StartStandbyAsync();
        await WaitForStandbyAsync("*");
        await Until.TrueAsync(IsSynchronousAsync, CancellationToken.None);
    }

    private async Task WaitForStandbyAsync(string names)
    {
        await Primary.ExecuteAsync($"ALTER SYSTEM SET synchronous_standby_names = '{names}'");
        await Primary.ExecuteAsync("SELECT pg_reload_conf()");
    }

    private async Task<bool> IsSynchronousAsync()
    {
        await using NpgsqlConnection connection = await Primary.OpenAsync("postgres", CancellationToken.None);
        await using var command = new NpgsqlCommand(
            "SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')", connection);
        return (long)(await command.ExecuteScalarAsync())! > 0;
    }
}
