using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Maintenance;
using ShareRpc.Server.Opencode;
using ShareRpc.Server.Read;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Postgres;
using ShareRpc.Server.Supervision;

namespace ShareRpc.Server.Hosting;

/// <summary>
/// Starts the server with its host. On stop, refuses new work and answers queued work before connections close.
/// </summary>
internal sealed class ServerLifecycle(
    StorePlace place, IShareStore store, TokenVerifier verifier, OpenCreator openCreator, Supervisor supervisor,
    CommitQueue queue, ServerOptions options, ShareReads reads, AuditBook audit, IServerNode node, DrainSignal drain,
    TimeProvider time,
    ILogger<ServerLifecycle> log)
    : IHostedLifecycleService, IAsyncDisposable
{
    private bool hasStarted;

    /// <summary>Gets the file of the root token; null where the server keeps none.</summary>
    public string? RootTokenPath => place.Directory?.RootTokenPath;

    public bool CreatedRootToken { get; private set; }

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (store is PostgresShareStore shared)
            {
                bool isInited = RootTokenPath is null;
                await PostgresStart.PrepareAsync(shared, verifier, isInited, cancellationToken).ConfigureAwait(false);
            }

            if (RootTokenPath is { } path)
            {
                CreatedRootToken = await RootToken.EnsureAsync(store, verifier, path, time, cancellationToken)
                    .ConfigureAwait(false);
            }

            long generation = await store.ReadGenerationAsync().ConfigureAwait(false);
            reads.KeepShares = options.KeepShares;
            reads.Generation = generation > 0 ? generation : null;
            await node.JoinAsync(cancellationToken).ConfigureAwait(false);
            await openCreator.EnsureAsync();
        }
        catch (Exception exception) when (place.Explain(exception) is { } explained)
        {
            throw explained;
        }

        if (place.Directory is { IsOpenToOthers: true } directory) log.DirectoryIsOpen(directory.Path);
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
        return node.LeaveAsync();
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>For a host that failed to start and so is never stopped.</summary>
    public async ValueTask DisposeAsync()
    {
        if (hasStarted) await DrainAsync().ConfigureAwait(false);
    }

    /// <summary>
    /// Idempotent. The commit loop ends once the queue is closed and empty, then <see cref="Supervisor.StopAsync"/>.
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
