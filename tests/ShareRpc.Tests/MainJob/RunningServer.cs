using ShareRpc.Client;
using ShareRpc.Client.Admin;
using ShareRpc.Client.Credentials;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Hosting;

namespace ShareRpc.Tests.MainJob;

/// <summary>
/// A real server on a free port and a temporary directory, which can be stopped and started again on the same data and
/// port.
/// </summary>
internal sealed class RunningServer : IAsyncDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("sharerpc-test-");
    private ShareRpcServer? server;

    private RunningServer()
    {
    }

    public ServerLimits Limits { get; init; } = ServerLimits.Default;

    public long? CompactAfterOps { get; init; }

    public Uri Address { get; private set; } = new("http://127.0.0.1:0");

    public ShareRpcServer Server => server!;

    public string DataDirectory => Path.Combine(directory.FullName, "server");

    public ShareToken RootToken { get; private set; } = null!;

    public static async Task<RunningServer> StartAsync(ServerLimits? limits = null, long? compactAfterOps = null)
    {
        var running = new RunningServer { Limits = limits ?? ServerLimits.Default, CompactAfterOps = compactAfterOps };
        await running.StartAgainAsync();
        return running;
    }

    public async Task StartAgainAsync()
    {
        server = await ShareRpcServer.StartAsync(new ServerOptions
        {
            DataDirectory = DataDirectory, Urls = Address.GetLeftPart(UriPartial.Authority), ServerLimits = Limits,
            CompactAfterOps = CompactAfterOps,
        });
        Address = server.Address;
        Assert.True(
            ShareToken.TryParse((await File.ReadAllTextAsync(server.RootTokenPath)).Trim(), out ShareToken? token));
        RootToken = token;
    }

    public async Task StopAsync()
    {
        if (server is not null) await server.DisposeAsync();
        server = null;
    }

    /// <summary>Options of a client whose state is in a directory of its own name.</summary>
    public ShareClientOptions ClientOptions(string name = "client")
    {
        string state = Path.Combine(directory.FullName, name);
        Directory.CreateDirectory(state);
        string credentials = Path.Combine(state, "credentials.json");
        new CredentialStore(credentials).Add(RootToken, Address, null, "root");
        return new ShareClientOptions
        {
            Server = Address, OutboxPath = Path.Combine(state, "outbox.db"), CredentialsPath = credentials,
            CreatorCapId = RootToken.CapId,
        };
    }

    public Task<ShareClient> OpenClientAsync(string name = "client") => ShareClient.OpenAsync(ClientOptions(name));

    public Task<AdminClient> OpenRootAsync() => AdminClient.OpenRootAsync(Address, RootToken);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        directory.Delete(recursive: true);
    }
}
