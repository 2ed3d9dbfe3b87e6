using System.Reflection;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access;
using ShareRpc.Server.Commit;

namespace ShareRpc.Server.Connections.Handles;

internal sealed class ServerHealth(
    CommitQueue queue, CommitMeter meter, AuthorityRegistry registry, IServerNode node, TimeProvider time)
{
    private static readonly string Version =
        typeof(ServerHealth).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            ?.InformationalVersion.Split('+')[0]
        ?? "0";

    private readonly long startedMs = time.GetUtcNow().ToUnixTimeMilliseconds();
    private int connections;

    public int Connections => Volatile.Read(ref connections);

    public void Connected() => Interlocked.Increment(ref connections);

    public void Disconnected() => Interlocked.Decrement(ref connections);

    public async Task<ServerStatus> ReadAsync(CancellationToken cancellationToken)
    {
        ClusterView? cluster = await node.DescribeAsync(cancellationToken).ConfigureAwait(false);
        (double ops, double commits, double p50, double p99) = meter.Read();
        (int handles, int shares) = registry.Count();
        (int items, long bytes) = queue.Waiting;
        return new ServerStatus
        {
            Version = Version, StartedMs = startedMs, NowMs = time.GetUtcNow().ToUnixTimeMilliseconds(),
            Connections = Connections, Handles = handles, Shares = shares, QueueItems = items, QueueBytes = bytes,
            OpsPerSecond = Math.Round(ops, 1), CommitsPerSecond = Math.Round(commits, 1),
            CommitMsP50 = Math.Round(p50, 3),
            CommitMsP99 = Math.Round(p99, 3), Cluster = cluster is null ? null : ToStatus(cluster),
        };
    }

    private static ClusterStatus ToStatus(ClusterView cluster) => new()
    {
        Node = cluster.Self,
        Nodes = [.. cluster.Nodes.Select(other => new NodeStatus
        {
            Name = other.Name, State = other.State, RenewedAgoMs = other.RenewedAgoMs,
            OwesConfirmation = other.OwesConfirmation ? true : null,
            WakeLagMs = other.WakeLagMs is { } lag ? Math.Round(lag, 1) : null,
        })],
    };
}
