using System.Net;
using System.Net.Sockets;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Hosting;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Protocol.Wire;

namespace ShareRpc.Tests.Server.Hosting;

public sealed class DataDirectoryTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly TemporaryDirectory directory = new();
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    private string Data => directory["data"];

    [Fact]
    public async Task A_second_server_on_the_same_directory_is_refused_with_the_next_step()
    {
        await using ShareRpcServer first = await StartAsync();
        ServerStartException refused = await Assert.ThrowsAsync<ServerStartException>(() => StartAsync());
        Assert.Contains("Another server is running", refused.Message, StringComparison.Ordinal);
        Assert.Contains("--data", refused.Message, StringComparison.Ordinal);
        Assert.True(await RootTokenWorksAsync(first));
    }

    [Fact]
    public async Task Secrets_can_be_read_by_their_owner_only()
    {
        await using ShareRpcServer server = await StartAsync();
        Assert.True(server.CreatedRootToken);
        Assert.Equal(Path.Combine(Data, "root.token"), server.RootTokenPath);
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(server.RootTokenPath));
        Assert.All(Directory.EnumerateFiles(Path.Combine(Data, "keys")),
            key => Assert.Equal(OwnerOnly, File.GetUnixFileMode(key)));
        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(Data));
        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Combine(Data, "keys")));
    }

    [Theory]
    [InlineData(false, "is missing")]
    [InlineData(true, "is damaged")]
    public async Task Without_its_key_file_a_directory_is_refused_with_the_next_step(bool isThere, string says)
    {
        await (await StartAsync()).DisposeAsync();
        string key = Path.Combine(Data, "keys", "token.key");
        byte[] content = await File.ReadAllBytesAsync(key, timeout);
        if (isThere) await File.WriteAllBytesAsync(key, content[..31], timeout);
        else File.Delete(key);

        ServerStartException refused = await Assert.ThrowsAsync<ServerStartException>(() => StartAsync());
        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
        Assert.Contains("restore it from a backup", refused.Message, StringComparison.Ordinal);

        await File.WriteAllBytesAsync(key, content, timeout);
        await using ShareRpcServer server = await StartAsync();
        Assert.True(await RootTokenWorksAsync(server));
    }

    [Fact]
    public async Task A_directory_in_the_place_of_the_key_file_is_named()
    {
        await (await StartAsync()).DisposeAsync();
        string key = Path.Combine(Data, "keys", "token.key");
        File.Move(key, key + ".away");
        Directory.CreateDirectory(key);
        ServerStartException refused = await Assert.ThrowsAsync<ServerStartException>(() => StartAsync());

        Assert.Contains($"{key} is a directory", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_crash_between_the_root_token_and_its_row_loses_nothing()
    {
        await (await StartAsync()).DisposeAsync();
        string path = Path.Combine(Data, "root.token");
        string token = await File.ReadAllTextAsync(path, timeout);
        foreach (string database in Directory.EnumerateFiles(Data, "shares.db*")) File.Delete(database);

        await using ShareRpcServer server = await StartAsync();

        Assert.True(server.CreatedRootToken);
        Assert.Equal(token, await File.ReadAllTextAsync(path, timeout));
        Assert.True(await RootTokenWorksAsync(server));
    }

    [Fact]
    public async Task A_restart_makes_no_second_root()
    {
        await (await StartAsync()).DisposeAsync();
        string token = await File.ReadAllTextAsync(Path.Combine(Data, "root.token"), timeout);
        await using ShareRpcServer server = await StartAsync();
        Assert.False(server.CreatedRootToken);
        Assert.Equal(token, await File.ReadAllTextAsync(server.RootTokenPath, timeout));
        Assert.True(await RootTokenWorksAsync(server));
    }

    [Fact]
    public async Task A_damaged_database_is_refused_with_the_next_step()
    {
        await (await StartAsync()).DisposeAsync();
        await File.WriteAllTextAsync(Path.Combine(Data, "shares.db"), new string('x', 10_000), timeout);
        ServerStartException refused = await Assert.ThrowsAsync<ServerStartException>(() => StartAsync());
        Assert.Contains("restore a backup", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_start_looks_for_damage_for_as_long_as_it_may_and_no_longer()
    {
        await (await StartAsync()).DisposeAsync();
        string database = Path.Combine(Data, "shares.db");
        byte[] bytes = await File.ReadAllBytesAsync(database, timeout);
        int page = bytes.AsSpan().LastIndexOf("create_root"u8) / 4096 * 4096;
        bytes.AsSpan(page, 4096).Fill(0xEE);
        await File.WriteAllBytesAsync(database, bytes, timeout);

        ServerStartException refused = await Assert.ThrowsAsync<ServerStartException>(() => StartAsync());
        Assert.Contains("sharerpc check", refused.Message, StringComparison.Ordinal);

        ServerOptions hasty = Options("http://127.0.0.1:0") with
        {
            ServerLimits = ServerLimits.Default with { StartCheckTime = TimeSpan.Zero },
        };
        await using ShareRpcServer server = await ShareRpcServer.StartAsync(hasty, cancellationToken: timeout);
        Assert.True(await RootTokenWorksAsync(server));
    }

    [Fact]
    public async Task A_taken_address_is_refused_with_the_next_step_and_lets_go_of_the_directory()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        ServerStartException refused =
            await Assert.ThrowsAsync<ServerStartException>(() => StartAsync($"http://{other.LocalEndpoint}"));
        Assert.Contains("Another program listens on", refused.Message, StringComparison.Ordinal);
        await using ShareRpcServer server = await StartAsync();
        Assert.True(await RootTokenWorksAsync(server));
    }

    [Fact]
    public async Task A_start_that_fails_for_any_reason_lets_go_of_the_directory()
    {
        await Assert.ThrowsAnyAsync<Exception>(() => StartAsync("https://127.0.0.1:0")); // no certificate
        using (var cancelled = new CancellationTokenSource())
        {
            await cancelled.CancelAsync();
            ServerOptions options = Options("http://127.0.0.1:0");
            await Assert.ThrowsAnyAsync<Exception>(() =>
                ShareRpcServer.StartAsync(options, cancellationToken: cancelled.Token));
        }

        await using ShareRpcServer server = await StartAsync();
        Assert.True(await RootTokenWorksAsync(server));
    }

    [Theory]
    [InlineData("", "Urls")]
    [InlineData("nonsense", "Urls")]
    [InlineData("ftp://127.0.0.1:1", "Urls")]
    [InlineData("http://127.0.0.1:0;nonsense", "Urls")]
    public async Task A_mistake_in_the_options_is_named(string urls, string option)
    {
        ServerStartException refused = await Assert.ThrowsAsync<ServerStartException>(() => StartAsync(urls));
        Assert.Contains(option, refused.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Data));
    }

    [Theory]
    [InlineData(1_000, 999, 1_000_000, false)]
    [InlineData(1_000, 1_000, 1_000_000, true)]
    [InlineData(1_000, 1_000_000 - 65_536, 1_000_000, true)]
    [InlineData(1_000, 1_000_001 - 65_536, 1_000_000, false)]
    public void A_document_is_as_large_as_an_op_at_least_and_fits_a_frame(int op, int document, int frame,
        bool isAllowed)
    {
        ServerOptions options = Options("http://127.0.0.1:0") with
        {
            Limits = new ProtocolLimits { OpBytes = op, DocumentBytes = document, FrameBytes = frame },
        };
        if (isAllowed) options.Validate();
        else Assert.Contains("document_bytes", Assert.Throws<ServerStartException>(options.Validate).Message,
            StringComparison.Ordinal);
    }

    public void Dispose() => directory.Dispose();

    private ServerOptions Options(string urls) => new() { DataDirectory = Data, Urls = urls };

    private Task<ShareRpcServer> StartAsync(string urls = "http://127.0.0.1:0") =>
        ShareRpcServer.StartAsync(Options(urls), cancellationToken: timeout);

    private async Task<bool> RootTokenWorksAsync(ShareRpcServer server)
    {
        Assert.True(ShareToken.TryParse((await File.ReadAllTextAsync(server.RootTokenPath, timeout)).Trim(),
            out ShareToken? token));
        using WireConnection connection = await WireConnection.ConnectAsync(server.Address, timeout);
        return (await connection.CallAsync("redeemRoot", $$"""{"token":"{{token.Reveal()}}"}""")).TryGetProperty(
            "result", out _);
    }
}
