using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Maintenance;
using ShareRpc.Server.Opencode;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Supervision;

namespace ShareRpc.Server.Hosting;

/// <summary>
/// Starts the server with its host. When the host stops, and before it closes the connections, refuses new work and
/// finishes and answers what is queued.
/// </summary>
internal sealed class ServerLifecycle(
    DataDirectory directory, IShareStore store, TokenVerifier verifier, OpenCreator openCreator, Supervisor supervisor,
    CommitQueue queue, AuditBook audit, DrainSignal drain, TimeProvider time, ILogger<ServerLifecycle> log)
    : IHostedLifecycleService, IAsyncDisposable
{
    private bool hasStarted;

    public string RootTokenPath => directory.RootTokenPath;

    /// <summary>Returns true when the data directory was new, and its root token was written at this start.</summary>
    public bool CreatedRootToken { get; private set; }

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        try
        {
            CreatedRootToken = await RootToken.EnsureAsync(store, verifier, directory.RootTokenPath, time, cancellationToken)
                .ConfigureAwait(false);
            await openCreator.EnsureAsync();
        }
        catch (Exception exception) when (directory.Explain(exception) is { } explained)
        {
            throw explained;
        }

        hasStarted = true;
        supervisor.Start();
    }

    public Task StoppingAsync(CancellationToken cancellationToken)
    {
        log.Draining(queue.Count);
        return DrainAsync();
    }

    public Task StoppedAsync(CancellationToken cancellationToken)
    {
        log.Stopped();
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>For a host whose start failed, which is never stopped.</summary>
    public async ValueTask DisposeAsync()
    {
        if (hasStarted) await DrainAsync().ConfigureAwait(false);
    }

    /// <summary>
    /// May be repeated. The commit loop ends when the queue is closed and empty, and <see cref="Supervisor.StopAsync"/>
    /// with it.
    /// </summary>
    private async Task DrainAsync()
    {
        await supervisor.BeginStopAsync().ConfigureAwait(false);
        await audit.WriteAsync().ConfigureAwait(false);
        queue.Close();
        await supervisor.StopAsync().ConfigureAwait(false);
        await drain.RaiseAsync().ConfigureAwait(false);
    }
}
