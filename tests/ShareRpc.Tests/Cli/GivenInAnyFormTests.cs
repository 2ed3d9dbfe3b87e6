using System.Text.Json;
using ShareRpc.Cli;
using ShareRpc.Tests.MainJob;
using ShareRpc.Tests.Sources.Opencode;

namespace ShareRpc.Tests.Cli;

/// <summary>Links, servers and folders as people give them, in this process, against a real server.</summary>
public sealed class GivenInAnyFormTests : IDisposable
{
    private readonly OpencodeFiles files = new();
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Fact]
    public async Task A_link_is_taken_as_it_arrives_and_one_that_was_revoked_elsewhere_is_not_printed()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string[] root =
            ["--server", $"{server.Address}", "--token-file", Path.Combine(server.DataDirectory, "root.token")];
        string[] share = ["share", "--opencode", files.Sample(), "--once", "--json"];
        string link = Text(Done(await RunAsync([.. share, .. root])), "link");
        string encoded = link.Replace("#", "%23", StringComparison.Ordinal);
        string tracked = link.Replace("#", "?utm_source=x#", StringComparison.Ordinal);

        foreach (string given in (string[])[encoded, tracked, link + ".", $"({link})", $"<{link}>\n",
            $"see {encoded}, p"])
        {
            (int watched, string ops, string errors) = await RunAsync("watch", given, "--once", "--json");
            Assert.Equal((0, ""), (watched, errors));
            Assert.Equal(OpencodeFiles.SampleOps, ops.Trim().Split('\n').Length);
        }

        string elsewhere = Path.Combine(files.Folder, "elsewhere");
        foreach (string verb in (string[])["who", "audit", "suspend", "resume"])
            Assert.Equal(0, (await RunAsync([verb, $"<{encoded}>", "--state", elsewhere, .. root])).ExitCode);
        await RunAsync(["suspend", link, "--state", elsewhere, .. root]);
        (_, string suspended, _) = await RunAsync([.. share.SkipLast(1), .. root]);
        (int revoked, _, _) = await RunAsync(["revoke", $"{tracked})", "--state", elsewhere, .. root]);
        (int again, string said, _) = await RunAsync([.. share.SkipLast(1), .. root]);
        JsonElement done = Done(await RunAsync([.. share, .. root]));

        Assert.Contains("(its link is suspended: sharerpc resume", suspended, StringComparison.Ordinal);
        Assert.Equal((0, 0), (revoked, again));
        Assert.Contains("(its link was revoked; create another with: sharerpc invite", said, StringComparison.Ordinal);
        Assert.DoesNotContain("srpc_", suspended + said, StringComparison.Ordinal);
        Assert.False(done.TryGetProperty("link", out _));
    }

    [Fact]
    public async Task The_server_of_the_last_share_is_that_of_commands_that_name_none()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = Path.Combine(server.DataDirectory, "root.token");
        string[] share = ["share", "--opencode", files.Sample(), "--once", "--json"];

        (int before, _, string why) = await RunAsync("ls");
        Done(await RunAsync([.. share, "--server", $"{server.Address}", "--token-file", token]));
        JsonElement second = Done(await RunAsync(share));
        (int after, string listed, _) = await RunAsync("ls");

        Assert.Equal((1, 0), (before, after));
        Assert.Contains("127.0.0.1:8787", why, StringComparison.Ordinal);
        Assert.StartsWith(server.Address.ToString(), Text(second, "link"), StringComparison.Ordinal);
        Assert.Contains(Text(second, "share_id"), listed, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("is a file", "ls", "--state", "@file")]
    [InlineData("is a file", "share", "--once", "--state", "@file/below")]
    [InlineData("--state is empty", "ls", "--state", "")]
    [InlineData("@damaged/credentials.json is damaged", "ls", "--state", "@damaged")]
    [InlineData("is a file: name a directory with --data", "serve", "--data", "@file")]
    [InlineData("is a file: name a directory with --data", "serve", "--data", "@file/below")]
    public async Task A_folder_that_cannot_be_used_is_named_with_the_next_step(string said, params string[] args)
    {
        await File.WriteAllTextAsync(At("file"), "");
        Directory.CreateDirectory(At("damaged"));
        await File.WriteAllTextAsync(At("damaged/credentials.json"), "{");
        string[] given = [.. args.Select(arg => arg.StartsWith('@') ? At(arg[1..]) : arg)];

        (int exitCode, _, string errors) = await RunAsync(given);

        Assert.True(exitCode is 1 or 2, errors);
        Assert.Contains(said.Replace("@", files.Folder + "/", StringComparison.Ordinal), errors,
            StringComparison.Ordinal);
        Assert.Single(errors.Trim().Split('\n'));

        string At(string name) => Path.Combine(files.Folder, name);
    }

    public void Dispose() => files.Dispose();

    private async Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] args)
    {
        var output = new StringWriter();
        var errors = new StringWriter();
        string[] state = args.Contains("--state") ? [] : ["--state", Path.Combine(files.Folder, "state")];
        int exitCode = await CommandLine.RunAsync([.. args, .. state], output, errors, timeout);
        return (exitCode, output.ToString(), errors.ToString());
    }

    private static JsonElement Done((int ExitCode, string Output, string Errors) share)
    {
        Assert.Equal((0, ""), (share.ExitCode, share.Errors));
        return share.Output.Trim().Split('\n').Select(line => JsonSerializer.Deserialize<JsonElement>(line))
            .Single(line => Text(line, "event") == "done");
    }

    private static string Text(JsonElement line, string field) => line.GetProperty(field).GetString()!;
}
