using System.Runtime.InteropServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ShareRpc.Server;
using ShareRpc.Server.Cluster;
using ShareRpc.Server.Hosting;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Postgres;

namespace ShareRpc.EndToEndTests.Harness;

/// <summary>A server process: says where it listens, and stops in order when it is asked to (SIGTERM).</summary>
internal static class ServerWorker
{
    public static async Task<int> RunAsync(WorkerArguments arguments)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var signal = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            asked.TrySetResult();
        });
        int megabytes = arguments.Number("--memory-budget", 0);
        int connections = arguments.Number("--connections", ServerLimits.Default.Connections);
        await using ShareRpcServer server = await StartAsync(new ServerOptions
        {
            Postgres = arguments.Has("--postgres") ? arguments["--postgres"] : null,
            NodeName = arguments.Has("--node") ? arguments["--node"] : null,
            MemoryBudget = megabytes > 0 ? megabytes * 1024L * 1024 : null,
            ServerLimits = ServerLimits.Default with
            {
                Connections = connections, Sockets = connections + ServerLimits.Default.HttpRequests,
            },
            DataDirectory = arguments["--data"], Urls = "http://127.0.0.1:0", LogLevel = LogLevel.Warning,
            NeverSyncs = arguments.Has("--never-syncs"),
        }, TimeSpan.FromSeconds(arguments.Number("--clock-off", 0)));
        Console.WriteLine($"ready {server.Address}");
        await asked.Task;
        return 0;
    }

    private static async Task<ShareRpcServer> StartAsync(ServerOptions options, TimeSpan off)
    {
        if (options.Postgres is not { } postgres) return await ShareRpcServer.StartAsync(options);
        PostgresShareStore store = await PostgresShareStore.OpenAsync(postgres);
        return await ShareRpcServer.StartAsync(
            options, new ClusterClock(off == TimeSpan.Zero ? TimeProvider.System : new WrongClock(off)),
            builder => builder.Services.AddSingleton<IShareStore>(store), CancellationToken.None);
    }

    /// <summary>A machine whose clock is wrong.</summary>
    private sealed class WrongClock(TimeSpan off) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + off;
    }
}
