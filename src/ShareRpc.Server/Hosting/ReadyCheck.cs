using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using ShareRpc.Server.Access;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Maintenance;
using ShareRpc.Server.Supervision;

namespace ShareRpc.Server.Hosting;

/// <summary>
/// Healthy unless draining, cut off from the other nodes, a loop has stopped, space is short, or the last write failed.
/// </summary>
internal sealed class ReadyCheck(
    IHostApplicationLifetime host, Supervisor supervisor, CommitLoop commits, SpaceWatch space, IServerNode node)
    : IHealthCheck
{
    public const string Tag = "sharerpc-ready";

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context,
        CancellationToken cancellationToken = default)
    {
        if (host.ApplicationStopping.IsCancellationRequested) return HealthCheckResult.Unhealthy("draining");
        if (!node.IsCurrent)
            return HealthCheckResult.Unhealthy("cut off: the lease of this node has ended, and it serves nothing");
        if (supervisor.Failing is { Count: > 0 } failing)
            return HealthCheckResult.Unhealthy($"failing: {string.Join(", ", failing)}");
        if (space.IsLow) return HealthCheckResult.Unhealthy("too little free space on the disk");
        bool isDurable = await commits.CanCommitAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        return isDurable ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("the storage failed");
    }
}
