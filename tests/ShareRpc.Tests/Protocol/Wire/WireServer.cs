using ShareRpc.Protocol.Limits;
using ShareRpc.Server;
using ShareRpc.Server.Hosting;

namespace ShareRpc.Tests.Protocol.Wire;

/// <summary>A real server in this process on a free port, with its data in a directory of its own.</summary>
public sealed class WireServer : IAsyncLifetime
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("sharerpc-wire-");
    private ShareRpcServer? server;

    public Uri Address => server!.Address;

    public string RootToken { get; private set; } = "";

    public async Task InitializeAsync()
    {
        server = await ShareRpcServer.StartAsync(new ServerOptions
        {
            DataDirectory = directory.FullName, Urls = "http://127.0.0.1:0", Limits = ProtocolLimits.Default,
            AllowedOrigins = ["https://allowed.example"],
            // Its sums belong to no vector.
            ServerLimits = ServerLimits.Default with { AuditInterval = TimeSpan.FromHours(1) },
        });
        RootToken = (await File.ReadAllTextAsync(server.RootTokenPath)).Trim();
    }

    public async Task DisposeAsync()
    {
        if (server is not null) await server.DisposeAsync();
        directory.Delete(recursive: true);
    }
}
