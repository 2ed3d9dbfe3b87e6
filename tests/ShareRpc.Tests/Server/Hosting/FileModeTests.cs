using Microsoft.Extensions.Logging;
using ShareRpc.Client;
using ShareRpc.Client.Credentials;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Hosting;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Hosting;

/// <summary>In a directory that was there before, as a volume is, all files are their owner's alone.</summary>
public sealed class FileModeTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly TemporaryDirectory directory = new();
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Files_of_the_server_are_0600_and_a_directory_open_to_others_is_warned_of(bool wereReadable)
    {
        string data = OpenDirectory("data", wereReadable, "server.lock");
        if (wereReadable)
        {
            await using (await ShareRpcServer.StartAsync(
                new ServerOptions { DataDirectory = data, Urls = "http://127.0.0.1:0" },
                cancellationToken: timeout)) { }
            foreach (string file in Directory.GetFiles(data))
                File.SetUnixFileMode(file, OwnerOnly | UnixFileMode.OtherRead);
            File.SetUnixFileMode(Path.Combine(data, "root.token"), OwnerOnly); // people may lend that one
        }

        using var logs = new CapturedLogs();
        await using (ShareRpcServer server = await ShareRpcServer.StartAsync(
            new ServerOptions { DataDirectory = data, Urls = "http://127.0.0.1:0" }, TimeProvider.System,
            builder => builder.Logging.AddProvider(logs), timeout))
        {
            AssertModes(data);
        }

        AssertModes(data);
        Assert.Contains(logs.Lines, line => line.Contains("Others can write to", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Files_of_the_client_are_0600_and_a_directory_open_to_others_is_warned_of(bool wereReadable)
    {
        string state = OpenDirectory("state", wereReadable, "outbox.db", "credentials.json.lock");
        using var logs = new CapturedLogs();
        using ILoggerFactory logging = LoggerFactory.Create(builder => builder.AddProvider(logs));
        ShareToken creator = ShareToken.New(RandomId.New());
        var options = new ShareClientOptions
        {
            Server = new Uri("http://127.0.0.1:1"), OutboxPath = Path.Combine(state, "outbox.db"),
            CredentialsPath = Path.Combine(state, "credentials.json"), Logging = logging, CreatorCapId = creator.CapId,
        };
        new CredentialStore(options.CredentialsPath).Add(creator, options.Server, null, "root");
        await using (ShareClient client = await ShareClient.OpenAsync(options, cancellationToken: timeout))
        {
            await client.CreateShareAsync("ses_1", "a", timeout);
            AssertModes(state);
        }

        Assert.Contains(logs.Lines, line => line.Contains("Others can write to", StringComparison.Ordinal));
    }

    public void Dispose() => directory.Dispose();

    private string OpenDirectory(string name, bool wereReadable, params string[] files)
    {
        string path = directory[name];
        Directory.CreateDirectory(path);
        foreach (string file in wereReadable ? files : [])
        {
            File.WriteAllText(Path.Combine(path, file), "");
            File.SetUnixFileMode(Path.Combine(path, file), OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }

        File.SetUnixFileMode(path, (UnixFileMode)0b111_111_111);
        return path;
    }

    private static void AssertModes(string path)
    {
        string[] files = Directory.GetFiles(path, "*", SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        Assert.All(files,
            file => Assert.True(File.GetUnixFileMode(file) == OwnerOnly, $"{file} is {File.GetUnixFileMode(file)}"));
    }
}
