using System.Globalization;
using System.Text;
using Npgsql;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Postgres;
using ShareRpc.Server.Supervision;

namespace ShareRpc.Server.Cluster;

/// <summary>
/// Tells the other nodes which shares have moved: one notification under way at a time and some milliseconds apart,
/// outside of the transactions that moved them, since a notification takes a lock of the whole server at its commit.
/// </summary>
internal sealed class WakeSender(
    PostgresDatabase database, AuthorityFollower follower, ClusterClock clock, ClusterOptions options)
    : ICommitListener, IServerLoop
{
    public const string Channel = "sharerpc_wake";

    /// <summary>More shares than fit are not named: then the others look at all that they serve.</summary>
    public const string Everything = "*";

    private const int MostBytes = 7_900;

    // A lost wake only delays: nothing is waited for.
    private const string Text = "SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)";

    private readonly Lock gate = new();
    private readonly Hint hint = new();
    private HashSet<long> moved = [];
    private double movedMs;

    public string Name => "wakes sent";

    public void OnCommitted(LogShare share)
    {
        if (share.Fresh.Count > 0 || share.State != ShareState.Active) Mark(share.Key);
    }

    /// <summary>Names a share in the next notification.</summary>
    public void Mark(long shareKey)
    {
        bool isFirst;
        lock (gate)
        {
            isFirst = moved.Count == 0;
            if (isFirst) movedMs = (clock.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalMilliseconds;
            moved.Add(shareKey);
        }

        if (isFirst) hint.Give();
    }

    public async Task RunAsync(Action succeeded, CancellationToken stopping)
    {
        while (true)
        {
            await hint.WaitAsync(Timeout.InfiniteTimeSpan, clock, stopping).ConfigureAwait(false);
            HashSet<long> shares;
            double sinceMs;
            lock (gate)
            {
                (shares, sinceMs) = (moved, movedMs);
                moved = [];
            }

            try
            {
                await using NpgsqlCommand command = database.Source.CreateCommand(Text);
                command.Parameters.Add(new() { Value = Channel });
                command.Parameters.Add(new() { Value = Payload(follower.NodeKey, sinceMs, shares) });
                await command.ExecuteNonQueryAsync(stopping).ConfigureAwait(false);
                await Task.Delay(options.WakeEvery, clock, stopping).ConfigureAwait(false);
            }
            catch (Exception exception)
                when (AuthorityFollower.IsOfDatabase(exception) && !stopping.IsCancellationRequested)
            {
                // The others look at the heads by themselves.
                await Task.Delay(options.RetryAfter, clock, stopping).ConfigureAwait(false);
            }

            succeeded();
        }
    }

    /// <summary>Returns <c>node time share share ...</c>, below the limit of a notification.</summary>
    public static string Payload(long nodeKey, double sinceMs, IReadOnlyCollection<long> shares)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{nodeKey} {sinceMs:F2}");
        foreach (long share in shares)
        {
            text.Append(CultureInfo.InvariantCulture, $" {share}");
            if (text.Length <= MostBytes) continue;
            return string.Create(CultureInfo.InvariantCulture, $"{nodeKey} {sinceMs:F2} {Everything}");
        }

        return text.ToString();
    }
}
