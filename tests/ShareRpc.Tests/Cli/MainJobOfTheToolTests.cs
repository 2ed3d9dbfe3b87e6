using System.Text.Json;
using ShareRpc.Cli;
using ShareRpc.Client;
using ShareRpc.Client.Writing;
using ShareRpc.Tests.MainJob;
using ShareRpc.Tests.Sources.Opencode;

namespace ShareRpc.Tests.Cli;

/// <summary>The commands, in this process, against a real server.</summary>
public sealed class MainJobOfTheToolTests : IDisposable
{
    private readonly OpencodeFiles files = new();
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [FixtureFact]
    public async Task Share_all_once_reports_what_the_database_holds_and_a_second_run_applies_nothing()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string path = files.Recorded();

        List<JsonElement> first = await ShareAsync(server, "--opencode", path, "--all");
        List<JsonElement> second = await ShareAsync(server, "--opencode", path, "--all");

        Assert.Equal((10, 80, 282, 380),
            (first.Count, Sum(first, "messages"), Sum(first, "parts"), Sum(first, "applied")));
        Assert.Equal((10, 80, 282, 0),
            (second.Count, Sum(second, "messages"), Sum(second, "parts"), Sum(second, "applied")));
        Assert.Equal(first.Select(LinkOf), second.Select(LinkOf));
    }

    [Fact]
    public async Task Watch_once_ends_at_the_head_and_shows_the_session()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        JsonElement session = Assert.Single(await ShareAsync(server, "--opencode", files.Sample()));

        (int exitCode, string shown, _) = await RunAsync("watch", LinkOf(session), "--once");
        (_, string lines, _) = await RunAsync("watch", LinkOf(session), "--once", "--json");
        (_, string rest, _) = await RunAsync("watch", LinkOf(session), "--once", "--json", "--after", "20");

        Assert.Equal(0, exitCode);
        Assert.Contains("══ Seconds are NaN", shown, StringComparison.Ordinal);
        Assert.Contains("▌ assistant (example-large)", shown, StringComparison.Ordinal);
        Assert.Equal(OpencodeFiles.SampleOps, Lines(lines).Count);
        Assert.Equal(OpencodeFiles.SampleOps - 20, Lines(rest).Count);
        Assert.Equal(OpencodeFiles.SampleOps, Lines(rest)[^1].GetProperty("cursor").GetInt64());
    }

    [Fact]
    public async Task A_running_watch_ends_with_3_when_its_link_is_revoked_and_the_other_links_live_on()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        JsonElement session = Assert.Single(await ShareAsync(server, "--opencode", files.Sample()));
        (_, string invited, _) =
            await RunAsync("invite", OpencodeFiles.SampleSession, "--label", "guest", "--expires", "7d", "--json");
        string guest = LinkOf(Assert.Single(Lines(invited)));
        var seen = new StringWriter();
        Task<int> watching = CommandLine.RunAsync(["watch", guest, "--json"], seen, TextWriter.Null, timeout);
        while (!seen.ToString().Contains($"\"cursor\":{OpencodeFiles.SampleOps - 1},", StringComparison.Ordinal))
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, timeout);

        (int revoked, _, _) = await RunAsync("revoke", guest);
        // Not with the answer to its read, which takes 25 s.
        int ended = await watching.WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System, timeout);
        (int again, _, string why) = await RunAsync("watch", guest, "--once");
        (int other, _, _) = await RunAsync("watch", LinkOf(session), "--once");

        Assert.Equal((0, 3, 3, 0), (revoked, ended, again, other));
        Assert.Contains("taken back", why, StringComparison.Ordinal);
        Assert.DoesNotContain(guest.Split('#')[1], why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_server_the_link_is_there_at_once_and_everything_waits_safely()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await server.StopAsync();
        string path = files.Sample();
        string[] share = ["share", "--opencode", path, "--once", "--timeout", "1", "--json", .. To(server)];
        (int unreachable, string lines, string why) = await RunAsync(share);
        JsonElement waiting = Lines(lines)[1];
        (int status, string outbox, _) = await RunAsync("outbox", "status", "--json");
        (int noAnswer, _, _) = await RunAsync("ls", "--server", server.Address.ToString());

        await server.StartAgainAsync();
        (int retried, string sent, _) = await RunAsync("outbox", "retry", "--json");
        (int watched, string ops, _) = await RunAsync("watch", LinkOf(waiting), "--once", "--json");

        Assert.Equal((4, 0, 4, 0, 0), (unreachable, status, noAnswer, retried, watched));
        Assert.Contains("safely queued", why, StringComparison.Ordinal);
        Assert.Equal(OpencodeFiles.SampleOps, waiting.GetProperty("pending").GetInt64());
        Assert.Equal(OpencodeFiles.SampleOps, Assert.Single(Lines(outbox)).GetProperty("pending").GetInt64());
        Assert.Equal(OpencodeFiles.SampleOps, Lines(ops).Count);
        Assert.Equal(OpencodeFiles.SampleOps, Assert.Single(Lines(sent)).GetProperty("sent").GetInt64());
    }

    [Fact]
    public async Task Stopped_while_ops_wait_share_says_how_many_ends_with_4_and_the_share_can_be_forgotten()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await server.StopAsync();
        string path = files.Sample();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(timeout);
        var output = new StringWriter();
        var errors = new StringWriter();
        string state = Path.Combine(files.Folder, "state");
        Task<int> sharing = CommandLine.RunAsync(
            ["share", "--opencode", path, "--json", .. To(server), "--state", state], output, errors, stop.Token);
        while (await WaitingAsync() < OpencodeFiles.SampleOps)
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, timeout);
        await stop.CancelAsync();
        int stopped = await sharing;
        string shareId = Text(Assert.Single(Lines((await RunAsync("outbox", "status", "--json")).Output)), "share_id");
        (int usage, _, _) = await RunAsync("outbox", "drop", "--waiting", "--yes");
        (int forgotten, string said, string why) =
            await RunAsync("outbox", "drop", "--share", shareId, "--waiting", "--yes");
        (_, string empty, _) = await RunAsync("outbox", "status", "--json");

        Assert.Equal((4, 2, 0), (stopped, usage, forgotten));
        Assert.Contains($"{OpencodeFiles.SampleOps} op(s) wait", $"{errors}", StringComparison.Ordinal);
        Assert.Contains("forgotten", said, StringComparison.Ordinal);
        Assert.Equal("", why);
        Assert.Equal("", empty);

        async Task<long> WaitingAsync() =>
            Sum(Lines((await RunAsync("outbox", "status", "--json")).Output), "pending");
    }

    [Fact]
    public async Task A_share_that_a_server_has_is_not_forgotten_and_into_another_is_refused()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string path = files.Sample();
        JsonElement own = (await ShareAsync(server, "--opencode", path))[0];
        await using ShareClient other = await server.OpenClientAsync("other");
        ShareWriter target = await other.CreateShareAsync("test:1", null, timeout);
        await other.FlushAsync(timeout);
        (int into, _, string why) = await RunAsync(
            "share", "--opencode", path, "--once", "--into", target.OwnerLink!.Reveal());
        (int dropped, _, string kept) =
            await RunAsync("outbox", "drop", "--share", Text(own, "share_id"), "--waiting", "--yes");
        (_, string status, _) = await RunAsync("outbox", "status", "--json");

        Assert.Equal((2, 1), (into, dropped));
        Assert.Contains($"in the share {Text(own, "share_id")} already", why, StringComparison.Ordinal);
        Assert.Contains("Nothing was dropped", kept, StringComparison.Ordinal);
        Assert.Equal(Text(own, "share_id"), Text(Assert.Single(Lines(status)), "share_id"));
    }

    [Fact]
    public async Task Ls_lists_shares_and_who_may_see_them_and_no_command_prints_a_token_unasked()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        JsonElement session = Assert.Single(await ShareAsync(server, "--opencode", files.Sample()));
        string shareId = session.GetProperty("share_id").GetString()!;

        (_, string shares, _) = await RunAsync(["ls", "--json", .. To(server)]);
        (_, string access, _) = await RunAsync(["ls", shareId, .. To(server)]);
        (_, string outbox, _) = await RunAsync("outbox", "status");

        Assert.Equal((shareId, "Seconds are NaN"),
            (Text(Assert.Single(Lines(shares)), "share_id"), Text(Lines(shares)[0], "label")));
        Assert.Equal(2, access.TrimEnd().Split('\n').Length);
        Assert.DoesNotContain("srpc_", shares + access + outbox, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_that_grants_nothing_is_refused_with_3()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string wrong = Path.Combine(files.Folder, "wrong.token");
        await File.WriteAllTextAsync(wrong,
            ShareRpc.Protocol.Tokens.ShareToken.New(ShareRpc.Protocol.Ids.RandomId.New()).Reveal());

        string address = server.Address.ToString();
        (int listed, _, _) = await RunAsync("ls", "--server", address, "--token-file", wrong);
        (int shared, _, string why) = await RunAsync(
            "share", "--once", "--opencode", files.Sample(), "--server", address, "--token-file", wrong, "--state",
                Path.Combine(files.Folder, "other"));

        Assert.Equal((3, 3), (listed, shared));
        Assert.Contains("The server refuses", why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_demo_verifies_what_it_claims()
    {
        (int exitCode, string output, string errors) = await RunAsync("demo", "--json");

        Assert.Equal((0, ""), (exitCode, errors));
        Assert.Equal(["server", "share", "watch", "equal", "invite", "revoke"],
            Lines(output).Where(line => line.TryGetProperty("step", out _)).Select(line => Text(line, "step")));
    }

    public void Dispose() => files.Dispose();

    private async Task<List<JsonElement>> ShareAsync(RunningServer server, params string[] args)
    {
        (int exitCode, string output, string errors) =
            await RunAsync(["share", "--once", "--json", .. To(server), .. args]);
        Assert.Equal((0, ""), (exitCode, errors));
        return [.. Lines(output).Where(line => Text(line, "event") == "done")];
    }

    private static string[] To(RunningServer server) =>
        ["--server", server.Address.ToString(), "--token-file", Path.Combine(server.DataDirectory, "root.token")];

    private async Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] args)
    {
        var output = new StringWriter();
        var errors = new StringWriter();
        string[] state = args.Contains("--state") ? [] : ["--state", Path.Combine(files.Folder, "state")];
        int exitCode = await CommandLine.RunAsync([.. args, .. state], output, errors, timeout);
        return (exitCode, output.ToString(), errors.ToString());
    }

    private static List<JsonElement> Lines(string output) =>
        [.. output.Split('\n',
            StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<JsonElement>(line))];

    private static long Sum(List<JsonElement> lines, string field) =>
        lines.Sum(line => line.GetProperty(field).GetInt64());

    private static string Text(JsonElement line, string field) => line.GetProperty(field).GetString()!;

    private static string LinkOf(JsonElement line) => Text(line, "link");
}
