using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ShareRpc.EndToEndTests;

/// <summary>The tool among what it finds on a machine: pipes, proxies, homes.</summary>
public sealed class SurroundingsTests
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [FixtureFact]
    public async Task Links_and_tokens_come_by_standard_input_and_what_nobody_reads_ends_what_prints_it()
    {
        await using var world = new World();
        await world.StartServerAsync(null, timeout);
        string database = OpencodeFixture.CopyTo(world.PathOf("opencode.db"));
        await using Tool share =
            await world.RunClientAsync("share", ["--opencode", database, "--once", "--json"], timeout);
        string link = (string)ShareCommandTests.Finals(share)[0]["link"]!;
        string token = (await File.ReadAllTextAsync(world.TokenFile, timeout)).Trim();
        string server = world.Server.GetLeftPart(UriPartial.Authority);

        await using Tool watched = await TellAsync(["watch", "-", "--once", "--json"], link + ".");
        await using Tool listed = await TellAsync(["ls", "--server", server, "--token-file", "-", "--json"], token);
        await using Tool invited = await TellAsync(
            ["invite", "-", "--token-file", "-", "--passphrase", "--json"], link, token, "correct horse");
        await using Tool none = await TellAsync(["revoke", "-"], "");

        Assert.Equal((0, 0, 0, 2), (watched.ExitCode, listed.ExitCode, invited.ExitCode, none.ExitCode));
        Assert.NotEmpty(watched.Objects);
        Assert.NotEmpty(listed.Objects);
        Assert.Contains("the link or id", none.Errors, StringComparison.Ordinal);
        await using Tool guest = await TellAsync(
            ["watch", "-", "--once", "--passphrase-file", "-"], (string)invited.Objects[0]["link"]!, "correct horse");
        Assert.True(guest.ExitCode == 0, guest.Errors);

        string root = $"--server {server} --token-file '{world.TokenFile}' --state '{world.PathOf("state")}'";
        foreach (string endless in (string[])[
            $"watch '{link}' --json", $"watch '{link}'", $"share --opencode '{database}' {root}",
            $"audit --follow --json {root}"])
        {
            await using Tool pipe = Tool.StartExecutable(
                "/bin/sh", AppContext.BaseDirectory, new Dictionary<string, string?>(),
                "-c", $"dotnet exec sharerpc.dll {endless} | head -1");
            if (endless.StartsWith("audit", StringComparison.Ordinal)) await CauseEntriesAsync(world, link, pipe);
            await pipe.WaitForExitAsync(timeout);
            Assert.Single(pipe.Lines);
            Assert.Equal("", pipe.Errors);
        }
    }

    /// <summary>Makes links, each an entry of the audit trail at once, until somebody has read one.</summary>
    private async Task CauseEntriesAsync(World world, string link, Tool reader)
    {
        while (!reader.HasExited)
        {
            await using Tool invited = await world.RunClientAsync("invite", [link, "--json"], timeout);
            Assert.True(invited.ExitCode == 0, invited.Errors);
        }
    }

    [Fact]
    public async Task Without_a_home_nothing_is_written_where_the_tool_was_started_and_a_proxy_is_for_other_machines()
    {
        await using var world = new World();
        await world.StartServerAsync(null, timeout);
        string server = world.Server.GetLeftPart(UriPartial.Authority);
        string folder = Directory.CreateDirectory(world.PathOf("repository")).FullName;
        string[] list = ["ls", "--server", server, "--token-file", world.TokenFile];
        foreach ((string name, string value) in ((string, string)[])[
            ("HOME", "/nonexistent"), ("HOME", ""), ("HOME", "."), ("XDG_DATA_HOME", "data"),
            ("SHARERPC_STATE", "state")])
        {
            await using Tool refused = await RunInAsync(folder, new() { [name] = value }, list);
            Assert.Equal(1, refused.ExitCode);
            Assert.Contains("--state", refused.Errors, StringComparison.Ordinal);
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));

        using var proxy = new TcpListener(IPAddress.Loopback, 0);
        proxy.Start();
        string address = $"127.0.0.1:{((IPEndPoint)proxy.LocalEndpoint).Port}";
        var environment = new Dictionary<string, string?>
        {
            ["HTTP_PROXY"] = $"http://me:secret@{address}", ["NO_PROXY"] = "",
            ["SHARERPC_STATE"] = world.PathOf("state"),
        };
        await using Tool direct = await RunInAsync(folder, environment, list);
        Task<string> asked = RefuseAsync(proxy);
        list[2] = "http://share.example.org:8787";
        await using Tool through = await RunInAsync(folder, environment, list);

        Assert.True(direct.ExitCode == 0, direct.Errors);
        Assert.StartsWith("CONNECT share.example.org:8787 ", await asked, StringComparison.Ordinal);
        Assert.Equal(4, through.ExitCode);
        Assert.Contains($"through the proxy http://{address}/", through.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", through.Errors, StringComparison.Ordinal);
    }

    private async Task<string> RefuseAsync(TcpListener proxy)
    {
        using TcpClient client = await proxy.AcceptTcpClientAsync(timeout);
        using var reader = new StreamReader(client.GetStream());
        string request = await reader.ReadLineAsync(timeout) ?? "";
        while (await reader.ReadLineAsync(timeout) is { Length: > 0 }) continue;
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes("HTTP/1.1 403 Forbidden\r\n\r\n"), timeout);
        return request;
    }

    private async Task<Tool> TellAsync(string[] arguments, params string[] lines)
    {
        Tool tool = Tool.Start(null, arguments);
        foreach (string line in lines) tool.Tell(line);
        await tool.WaitForExitAsync(timeout);
        return tool;
    }

    private async Task<Tool> RunInAsync(string folder, Dictionary<string, string?> environment, string[] arguments)
    {
        environment.TryAdd("SHARERPC_STATE", "");
        environment.TryAdd("XDG_DATA_HOME", "");
        string tool = Path.Combine(AppContext.BaseDirectory, "sharerpc.dll");
        Tool run = Tool.StartExecutable("dotnet", folder, environment, ["exec", tool, .. arguments]);
        await run.WaitForExitAsync(timeout);
        return run;
    }
}
