using System.Globalization;
using Npgsql;
using ShareRpc.Server.Storage.Postgres;
using ShareRpc.Server.Supervision;

namespace ShareRpc.Server.Cluster;

/// <summary>Hears what other nodes notify. Notifications may be lost: others look by themselves.</summary>
internal sealed class WakeListener(
    PostgresDatabase database, AuthorityFollower follower, NamedShares named, ClusterClock clock,
    ClusterOptions options)
    : IServerLoop
{
    private const double Weight = 0.1;

    public string Name => "wakes heard";

    public async Task RunAsync(Action succeeded, CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                await ListenAsync(succeeded, stopping).ConfigureAwait(false);
            }
            catch (Exception exception)
                when (AuthorityFollower.IsOfDatabase(exception) && !stopping.IsCancellationRequested)
            {
                await Task.Delay(options.RetryAfter, clock, stopping).ConfigureAwait(false);
            }
        }
    }

    private async Task ListenAsync(Action succeeded, CancellationToken stopping)
    {
        await using NpgsqlConnection connection =
            await database.Source.OpenConnectionAsync(stopping).ConfigureAwait(false);
        connection.Notification += (_, notification) => Hear(notification.Channel, notification.Payload);
        await using (var listen = new NpgsqlCommand(
            $"LISTEN {WakeSender.Channel}; LISTEN {AuthorityFollower.Channel}", connection))
        {
            await listen.ExecuteNonQueryAsync(stopping).ConfigureAwait(false);
        }

        follower.LookNow(); // what came before it listened
        while (true)
        {
            succeeded();

            // A connection that is cut without a word shows when it is used.
            if (await connection.WaitAsync(options.Lease, stopping).ConfigureAwait(false)) continue;
            await using var look = new NpgsqlCommand("SELECT 1", connection);
            using var patience = new CancellationTokenSource(options.Lease, clock);
            await look.ExecuteNonQueryAsync(patience.Token).ConfigureAwait(false);
        }
    }

    private void Hear(string channel, string payload)
    {
        if (channel == AuthorityFollower.Channel)
        {
            follower.LookNow();
            return;
        }

        string[] words = payload.Split(' ');
        bool isOwn = !long.TryParse(words[0], CultureInfo.InvariantCulture, out long node)
            || node == follower.NodeKey;
        if (isOwn || words.Length < 2
            || !double.TryParse(words[1], CultureInfo.InvariantCulture, out double sinceMs)) return;
        double lag = Math.Max((clock.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalMilliseconds - sinceMs, 0);
        follower.WakeLagMs = follower.WakeLagMs is { } mean ? mean + ((lag - mean) * Weight) : lag;
        named(words.AsSpan(2));
    }
}

/// <summary>Takes the shares that a notification names.</summary>
internal delegate void NamedShares(ReadOnlySpan<string> shares);
