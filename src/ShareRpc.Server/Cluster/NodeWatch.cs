using Microsoft.Extensions.Logging;
using ShareRpc.Server.Supervision;

namespace ShareRpc.Server.Cluster;

/// <summary>
/// Ends the rows of nodes that have not renewed for a lease and the margin, by this node's monotonic clock, so that no
/// change waits for them again. A node that was only paused finds its row ended, and registers anew.
/// </summary>
internal sealed class NodeWatch(
    NodeTable table, AuthorityFollower follower, ClusterClock clock, ClusterOptions options, ILogger<NodeWatch> log)
    : IServerLoop
{
    private const int RoundsBetweenTidying = 60;
    private readonly Dictionary<long, (long Renewals, long SeenAt)> seen = [];

    public string Name => "nodes";

    public async Task RunAsync(Action succeeded, CancellationToken stopping)
    {
        for (int round = 0; ; round++)
        {
            await Task.Delay(options.RenewEvery, clock, stopping).ConfigureAwait(false);
            try
            {
                await LookAsync(stopping).ConfigureAwait(false);
                if (round % RoundsBetweenTidying == 0) await table.TidyAsync(stopping).ConfigureAwait(false);
            }
            catch (Exception exception)
                when (AuthorityFollower.IsOfDatabase(exception) && !stopping.IsCancellationRequested)
            {
                seen.Clear(); // the renewals may have stopped for the same reason
            }

            succeeded();
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<NodeRow> nodes = await table.ListAsync(cancellationToken).ConfigureAwait(false);
        long now = clock.GetTimestamp();
        foreach (NodeRow node in nodes.Where(node => !node.HasEnded && node.Key != follower.NodeKey))
        {
            bool isSame = seen.TryGetValue(node.Key, out (long Renewals, long SeenAt) before)
                && before.Renewals == node.Renewals;
            if (!isSame) seen[node.Key] = (node.Renewals, now);
            else if (clock.GetElapsedTime(before.SeenAt, now)
                > TimeSpan.FromMilliseconds(node.LeaseMs) + options.Margin)
            {
                await table.EndAsync(node.Key, node.Renewals, cancellationToken).ConfigureAwait(false);
                log.NodeEnded(node.Name);
            }
        }

        foreach (long gone in seen.Keys.Except(nodes.Where(node => !node.HasEnded).Select(node => node.Key)).ToList())
            seen.Remove(gone);
    }
}
