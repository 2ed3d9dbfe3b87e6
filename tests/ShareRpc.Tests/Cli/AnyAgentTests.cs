using System.Text.Json;
using ShareRpc.Cli;
using ShareRpc.Cli.Sharing;
using ShareRpc.Sources.Following;
using ShareRpc.Tests.MainJob;
using ShareRpc.Tests.Sources.Opencode;
using ShareRpc.Tests.Sources.Opencode2;

namespace ShareRpc.Tests.Cli;

/// <summary>Which session a command takes, and that it says so; in this process, against a real server.</summary>
public sealed class AnyAgentTests : IDisposable
{
    private readonly Opencode2Files files = new();
    private readonly CancellationTokenSource ending = new(TimeSpan.FromMinutes(3));

    public void Dispose()
    {
        ending.Dispose();
        files.Dispose();
    }

    [Fact]
    public async Task Of_a_file_with_both_generations_the_newest_session_of_the_second_is_shared_and_listed_as_such()
    {
        files.Sql(OpencodeFiles.SampleSql());
        files.Sql(Opencode2Files.Tables);
        files.Session("ses_new", title: "The newest");
        files.Row("ses_new", "m1", "user", 1, """{"text":"Hello"}""");
        files.Sql("UPDATE session_v2 SET time_updated = 9000000000000");
        await using RunningServer server = await RunningServer.StartAsync();
        string[] share = ["share", "--latest", "--opencode", files.Path, "--once", "--server", $"{server.Address}",
            "--token-file", Path.Combine(server.DataDirectory, "root.token")];
        (int exitCode, string said, string errors) = await RunAsync(share);
        Assert.Equal((0, ""), (exitCode, errors));
        Assert.Contains("The newest session is of opencode: \"The newest\", changed ", said);
        (_, string lines, _) = await RunAsync([.. share, "--json"]);
        JsonElement started = Lines(lines).Single(line => Text(line, "event") == "started");
        Assert.Equal(("opencode", "ses_new", "The newest"),
            (Text(started, "agent"), Text(started, "session"), Text(started, "title")));

        (_, string watched, _) = await RunAsync(["watch", Text(started, "link"), "--once"]);
        Assert.Contains("Hello", watched);
        (_, string listed, _) = await RunAsync(["sessions", "--json", "--opencode", files.Path]);
        Assert.Equal([("ses_new", true), (OpencodeFiles.SampleSession, false)],
            Lines(listed).Select(line => (Text(line, "id"), line.GetProperty("shared").GetBoolean())));
        (_, string table, _) = await RunAsync(["sessions", "--agent", "opencode", "--opencode", files.Path]);
        Assert.Matches(@"opencode +\S.* +yes +ses_new +The newest", table);
    }

    [Fact]
    public async Task A_file_of_an_unknown_generation_is_refused_by_name_and_nothing_of_it_is_shared()
    {
        files.Sql(OpencodeFiles.SampleSql());
        files.Sql("CREATE TABLE session_v3 (id text)");
        foreach (string[] choice in (string[][])[["--latest"], ["--all"], ["--session", OpencodeFiles.SampleSession]])
        {
            await using RunningServer server = await RunningServer.StartAsync();
            (int exitCode, string said, string errors) = await RunAsync(["share", .. choice, "--opencode", files.Path,
                "--once", "--server", $"{server.Address}",
                "--token-file", Path.Combine(server.DataDirectory, "root.token")]);
            Assert.Equal((1, ""), (exitCode, said));
            Assert.Contains("session_v3", errors);
        }

        (int listed, _, string why) = await RunAsync(["sessions", "--opencode", files.Path]);
        Assert.Equal(1, listed);
        Assert.Contains("session_v3", why);
    }

    [Fact]
    public async Task An_agent_or_a_session_that_is_not_here_is_named_with_what_there_is()
    {
        files.Sql(OpencodeFiles.SampleSql());
        await using RunningServer server = await RunningServer.StartAsync();
        string[] share = ["share", "--opencode", files.Path, "--once", "--server", $"{server.Address}",
            "--token-file", Path.Combine(server.DataDirectory, "root.token")];
        (int exitCode, _, string errors) = await RunAsync([.. share, "--session", "ses_none"]);
        Assert.Equal(1, exitCode);
        Assert.Contains("There is no session ses_none here. sharerpc sessions lists", errors);
        (exitCode, _, errors) = await RunAsync([.. share, "--agent", "cursor"]);
        Assert.Equal(2, exitCode);
        Assert.Contains(
            "There is no agent cursor here: --agent takes one of claude, codex, gemini, opencode.", errors);
    }

    [Fact]
    public void The_newest_session_of_the_current_directory_comes_before_newer_ones_elsewhere()
    {
        files.Sql(Opencode2Files.Tables);
        files.Session("ses_here", directory: "/home/dev/here");
        files.Session("ses_elsewhere", directory: "/home/dev/elsewhere");
        var catalog = new SessionCatalog(new AgentHome(files.Folder, files.Folder, _ => null), files.Path, null);
        Assert.Equal("ses_here", catalog.FindLatest("/home/dev/here/")!.Session.Id);
        Assert.Equal("ses_elsewhere", catalog.FindLatest("/home/dev/other")!.Session.Id);
        Assert.Null(catalog.Find("ses_none"));
    }

    private async Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] args)
    {
        var output = new StringWriter();
        var errors = new StringWriter();
        int exitCode = await CommandLine.RunAsync(
            [.. args, "--state", Path.Combine(files.Folder, "state")], output, errors, ending.Token);
        return (exitCode, output.ToString(), errors.ToString());
    }

    private static List<JsonElement> Lines(string output) =>
        [.. output.Trim().Split('\n').Select(line => JsonSerializer.Deserialize<JsonElement>(line))];

    private static string Text(JsonElement line, string field) =>
        line.TryGetProperty(field, out JsonElement value) ? value.GetString()! : "";
}
