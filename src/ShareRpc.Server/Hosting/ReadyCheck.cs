using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Supervision;

namespace ShareRpc.Server.Hosting;

/// <summary>Healthy unless draining, a loop has stopped, or the last write failed.</summary>
internal sealed class ReadyCheck(IHostApplicationLifetime host, Supervisor supervisor, CommitLoop commits)
    : IHealthCheck
{
    public const string Tag = "sharerpc-ready";

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context,
        CancellationToken cancellationToken = default)
    {
        if (host.ApplicationStopping.IsCancellationRequested) return HealthCheckResult.Unhealthy("draining");
        if (supervisor.Failing is { Count: > 0 } failing)
            return HealthCheckResult.Unhealthy($"failing: {string.Join(", ", failing)}");
        bool isDurable = await commits.CanCommitAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        return isDurable ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("the storage failed");
    }
}
