using System.Net;
using System.Net.Http.Headers;
using ShareRpc.Client;
using ShareRpc.Client.Admin;
using ShareRpc.Client.Credentials;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Disk;

/// <summary>`sharerpc serve` on a disk that a test can break, and clients of it.</summary>
internal sealed class DiskWorld : IAsyncDisposable
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromMinutes(1) };
    private readonly DirectoryInfo directory;
    private readonly HeldPort port = new();

    private DiskWorld(DirectoryInfo directory, DiskShim disk)
    {
        this.directory = directory;
        Disk = disk;
    }

    public DiskShim Disk { get; }

    public Uri Address => port.Address;

    public Tool Server { get; private set; } = null!;

    /// <summary>The share made last.</summary>
    public string ShareId { get; private set; } = "";

    public string Data => Path.Combine(Disk.Root, "data");

    public string Database => Path.Combine(Data, "shares.db");

    public static async Task<DiskWorld> OpenAsync()
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("sharerpc-disk-");
        return new DiskWorld(directory, await DiskShim.OpenAsync(directory.FullName));
    }

    public string PathOf(string name) => Path.Combine(directory.FullName, name);

    /// <summary>Starts the server and waits until it is ready, or has given up.</summary>
    public async Task StartAsync(CancellationToken cancellationToken, string? data = null)
    {
        string[] arguments = ["serve", "--data", data ?? Data, "--urls", Address.GetLeftPart(UriPartial.Authority)];
        Server = Tool.Start(await Disk.EnvironmentAsync(), arguments);
        await Until.TrueAsync(async () => Server.HasExited
            || await ReadyAsync() == HttpStatusCode.OK, cancellationToken);
        if (Server.HasExited) await Server.WaitForExitAsync(cancellationToken);
    }

    public async Task StopAsync(CancellationToken cancellationToken) => await Server.TerminateAsync(cancellationToken);

    /// <summary>What `/readyz` answers; null when nobody does.</summary>
    public async Task<HttpStatusCode?> ReadyAsync()
    {
        try
        {
            using HttpResponseMessage response = await Http.GetAsync(new Uri(Address, "/readyz"));
            return response.StatusCode;
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }

    /// <summary>A read of the log of the share made last, over HTTP.</summary>
    public async Task<HttpStatusCode> ReadOverHttpAsync(ShareToken token, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Address, $"/v1/shares/{ShareId}/ops"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token.Reveal());
        using HttpResponseMessage response = await Http.SendAsync(request, cancellationToken);
        return response.StatusCode;
    }

    /// <summary>A client with a state directory of its own name, which may make shares.</summary>
    public async Task<ShareClient> OpenClientAsync(string name, CancellationToken cancellationToken)
    {
        ShareToken root = await RootAsync(cancellationToken);
        string state = PathOf(name);
        Directory.CreateDirectory(state);
        string credentials = Path.Combine(state, "credentials.json");
        new CredentialStore(credentials).Add(root, Address, null, "root");
        return await ShareClient.OpenAsync(
            new ShareClientOptions
            {
                Server = Address, OutboxPath = Path.Combine(state, "outbox.db"), CredentialsPath = credentials,
                CreatorCapId = root.CapId,
                MaxRetry = TimeSpan.FromSeconds(1),
            },
            cancellationToken: cancellationToken);
    }

    public async Task<ShareToken> RootAsync(CancellationToken cancellationToken)
    {
        string text = await File.ReadAllTextAsync(Path.Combine(Data, "root.token"), cancellationToken);
        Assert.True(ShareToken.TryParse(text.Trim(), out ShareToken? root));
        return root;
    }

    /// <summary>A new share; its owner's token.</summary>
    public async Task<ShareToken> CreateShareAsync(CancellationToken cancellationToken)
    {
        ShareToken owner = ShareToken.New(RandomId.New());
        await using AdminClient admin =
            await AdminClient.OpenRootAsync(Address, await RootAsync(cancellationToken), cancellationToken);
        ShareId = RandomId.New();
        await admin.CreateShareAsync(
            new CreateShareRequest { ShareId = ShareId, CapId = owner.CapId, TokenDigest = owner.Digest });
        return owner;
    }

    public static OpIntent[] Puts(string prefix, int count) =>
    [
        .. Enumerable.Range(1, count).Select(i => new OpIntent
        {
            OpId = $"{prefix}.{i}", Verb = Verbs.Put, Kind = Kinds.Part, Key = $"{prefix}.{i}",
            Data = RawJson.Parse($$"""{"text":"{{new string('x', 500)}}"}"""),
        }),
    ];

    public async ValueTask DisposeAsync()
    {
        if (Server is not null) await Server.DisposeAsync();
        port.Dispose();
        directory.Delete(recursive: true);
    }
}
