using System.Text.Json;
using ShareRpc.Cli;
using ShareRpc.Client;
using ShareRpc.Client.Credentials;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.MainJob;
using ShareRpc.Tests.Sources.Opencode;

namespace ShareRpc.Tests.Cli;

/// <summary>The tool in this process, with a state directory of its own, against a real server.</summary>
public abstract class ToolTest : IAsyncLifetime, IDisposable
{
    private readonly CancellationTokenSource timeout = new(TimeSpan.FromMinutes(3), TimeProvider.System);

    private protected OpencodeFiles Files { get; } = new();

    private protected RunningServer Server { get; private set; } = null!;

    private protected CancellationToken Timeout => timeout.Token;

    private protected string StatePath => Path.Combine(Files.Folder, "state");

    private protected string CredentialsPath => Path.Combine(StatePath, "credentials.json");

    private protected CredentialStore Store => new(CredentialsPath);

    private protected string[] ToRoot =>
        ["--server", Server.Address.ToString(), "--token-file", Path.Combine(Server.DataDirectory, "root.token")];

    public async Task InitializeAsync() => Server = await RunningServer.StartAsync();

    public async Task DisposeAsync() => await Server.DisposeAsync();

    public void Dispose()
    {
        Files.Dispose();
        timeout.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected async Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] args)
    {
        var output = new StringWriter();
        var errors = new StringWriter();
        int exitCode = await CommandLine.RunAsync([.. args, "--state", StatePath], output, errors, Timeout);
        return (exitCode, output.ToString(), errors.ToString());
    }

    private protected async Task<List<JsonElement>> LinesAsync(params string[] args)
    {
        (int exitCode, string output, string errors) = await RunAsync([.. args, "--json"]);
        Assert.True(exitCode == 0, $"{string.Join(' ', args.Take(2))}: {exitCode} {errors}");
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonSerializer.Deserialize<JsonElement>(line))];
    }

    /// <summary>Joins a share in the tool's state directory, as <c>share --into</c> does.</summary>
    private protected async Task JoinAsync(ShareLink link)
    {
        Directory.CreateDirectory(StatePath);
        await using ShareClient client = await OpenOfflineAsync();
        await client.JoinShareAsync("test:joined", link, Timeout);
    }

    /// <summary>Opens the tool's outbox and sends nothing.</summary>
    private protected Task<ShareClient> OpenOfflineAsync() => ShareClient.OpenAsync(new ShareClientOptions
    {
        Server = Server.Address, CredentialsPath = CredentialsPath,
        OutboxPath = Path.Combine(StatePath, "outbox.db"),
    }, send: false, cancellationToken: Timeout);

    /// <summary>Makes a share by another machine that is not online yet: only its outbox has it.</summary>
    private protected async Task<ShareLink> LinkOfAbsentCreatorAsync()
    {
        await using ShareClient creator =
            await ShareClient.OpenAsync(Server.ClientOptions("absent"), send: false, cancellationToken: Timeout);
        return (await creator.CreateShareAsync("test:absent", null, Timeout)).OwnerLink!;
    }

    /// <summary>Brings that machine online until it has sent everything.</summary>
    private protected async Task BringCreatorOnlineAsync()
    {
        await using ShareClient creator = await Server.OpenClientAsync("absent");
        await creator.FlushAsync(Timeout);
    }

    private protected static string Text(JsonElement line, string field) => line.GetProperty(field).GetString()!;
}
