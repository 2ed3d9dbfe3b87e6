using System.Text.Json;
using ShareRpc.Server;
using ShareRpc.Server.Hosting;
using ShareRpc.Tests.Sources.Opencode;

namespace ShareRpc.Tests.Cli;

/// <summary>An owner who puts off the end of a share.</summary>
public sealed class KeepTests : IDisposable
{
    private readonly OpencodeFiles files = new();
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;

    [Fact]
    public async Task The_owner_keeps_a_share_and_is_told_until_when_and_a_reader_may_not()
    {
        string data = Path.Combine(files.Folder, "server");
        await using ShareRpcServer server = await ShareRpcServer.StartAsync(new ServerOptions
        {
            DataDirectory = data, Urls = "http://127.0.0.1:0", KeepShares = TimeSpan.FromDays(90),
        });
        JsonElement shared = (await LinesAsync("share", "--opencode", files.Sample(), "--once", "--server",
            server.Address.ToString(), "--token-file", Path.Combine(data, "root.token")))[^1];
        long before = TimeProvider.System.GetUtcNow().AddDays(90).ToUnixTimeMilliseconds();
        JsonElement kept = Assert.Single(await LinesAsync("keep", OpencodeFiles.SampleSession));
        Assert.InRange(kept.GetProperty("kept_until_ms").GetInt64(), before, long.MaxValue);
        (int refused, _, string why) =
            await RunAsync("elsewhere", "keep", shared.GetProperty("link").GetString()!);
        Assert.Equal(3, refused);
        Assert.Contains("does not include", why, StringComparison.Ordinal);
    }

    public void Dispose() => files.Dispose();

    private async Task<List<JsonElement>> LinesAsync(params string[] arguments)
    {
        (int exitCode, string output, string errors) = await RunAsync("state", [.. arguments, "--json"]);
        Assert.True(exitCode == 0, errors);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonSerializer.Deserialize<JsonElement>(line))];
    }

    private async Task<(int ExitCode, string Output, string Errors)> RunAsync(string state, params string[] arguments)
    {
        var output = new StringWriter();
        var errors = new StringWriter();
        int exitCode = await ShareRpc.Cli.CommandLine.RunAsync(
            [.. arguments, "--state", Path.Combine(files.Folder, state)], output, errors, timeout);
        return (exitCode, output.ToString(), errors.ToString());
    }
}
