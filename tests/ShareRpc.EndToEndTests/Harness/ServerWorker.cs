using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using ShareRpc.Server;
using ShareRpc.Server.Hosting;

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
        await using ShareRpcServer server = await ShareRpcServer.StartAsync(new ServerOptions
        {
            MemoryBudget = megabytes > 0 ? megabytes * 1024L * 1024 : null,
            ServerLimits = ServerLimits.Default with
            {
                Connections = connections, Sockets = connections + ServerLimits.Default.HttpRequests,
            },
            DataDirectory = arguments["--data"], Urls = "http://127.0.0.1:0", LogLevel = LogLevel.Warning,
            NeverSyncs = arguments.Has("--never-syncs"),
        });
        Console.WriteLine($"ready {server.Address}");
        await asked.Task;
        return 0;
    }
}
