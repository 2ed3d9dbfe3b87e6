using ShareRpc.Cli;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Tests.Cli;

public class CommandLineTests
{
    private const string Link = "http://127.0.0.1:1/s/0000000000000000000000#srpc_broken";

    [Theory]
    [InlineData]
    [InlineData("nonsense")]
    [InlineData("share", "--latest", "--all")]
    [InlineData("share", "--session", "ses_1", "--all")]
    [InlineData("share", "--bogus")]
    [InlineData("share", "--once", "--timeout", "-1")]
    [InlineData("share", "--into", "nonsense")]
    [InlineData("share", "--server", "nonsense", "--opencode", "x")]
    [InlineData("watch")]
    [InlineData("watch", "nonsense")]
    [InlineData("watch", Link)]
    [InlineData("pull", "nonsense", "--into", "opencode")]
    [InlineData("pull", Link, "--into", "another")]
    [InlineData("share", "--rescan")]
    [InlineData("share", "--opencode-files", "x", "--all")]
    [InlineData("revoke", "nonsense")]
    [InlineData("invite", "share", "--expires", "soon")]
    [InlineData("invite", "share", "--expires-unused", "5x")]
    [InlineData("invite", "share", "--max-uses", "0")]
    [InlineData("invite", "share", "--rights", "admin")]
    [InlineData("invite", "share", "--redact", "everything")]
    [InlineData("invite", "share", "--append-kinds", "part")]
    [InlineData("invite", "share", "--passphrase", "--passphrase-file", "x")]
    [InlineData("who")]
    [InlineData("audit", "share", "--limit", "0")]
    [InlineData("audit", "share", "--since", "yesterday")]
    [InlineData("audit", "share", "--since", "1d", "--until", "2d")]
    [InlineData("audit", "share", "--action", "")]
    [InlineData("suspend", "nonsense")]
    [InlineData("resume", "nonsense")]
    [InlineData("rotate", "nonsense")]
    [InlineData("rm")]
    [InlineData("agent")]
    [InlineData("agent", "revoke")]
    [InlineData("secrets")]
    [InlineData("secrets", "scan")]
    [InlineData("secrets", "rules", "--secret-rules", "not-there.json")]
    [InlineData("share", "--no-secret-scan", "--secret-rules", "x")]
    [InlineData("outbox")]
    [InlineData("outbox", "nonsense")]
    [InlineData("backup")]
    [InlineData("check", "nonsense")]
    public async Task A_mistake_in_usage_is_one_line_and_exit_code_2(params string[] args)
    {
        (int exitCode, string output, string errors) = await RunAsync(args);

        Assert.Equal(2, exitCode);
        Assert.Equal("", output);
        Assert.Single(errors.TrimEnd().Split('\n'));
        Assert.StartsWith("sharerpc: ", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData]
    [InlineData("serve")]
    [InlineData("share")]
    [InlineData("watch")]
    [InlineData("pull")]
    [InlineData("invite")]
    [InlineData("revoke")]
    [InlineData("ls")]
    [InlineData("who")]
    [InlineData("audit")]
    [InlineData("suspend")]
    [InlineData("resume")]
    [InlineData("rotate")]
    [InlineData("rm")]
    [InlineData("agent")]
    [InlineData("agent", "add")]
    [InlineData("agent", "ls")]
    [InlineData("agent", "revoke")]
    [InlineData("secrets")]
    [InlineData("secrets", "rules")]
    [InlineData("secrets", "scan")]
    [InlineData("outbox")]
    [InlineData("backup")]
    [InlineData("check")]
    [InlineData("demo")]
    public async Task Help_describes_the_command_and_gives_examples(params string[] command)
    {
        (int exitCode, string output, _) = await RunAsync([.. command, "--help"]);

        Assert.Equal(0, exitCode);
        Assert.Contains("Usage:", output, StringComparison.Ordinal);
        if (command.Length > 0) Assert.Contains("Examples:", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_json_a_mistake_is_an_object_too()
    {
        (int exitCode, string output, _) = await RunAsync(["watch", "nonsense", "--json"]);

        Assert.Equal(2, exitCode);
        Assert.EndsWith("\"exit_code\":2}", output.Trim(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("check")]
    [InlineData("backup")]
    public async Task What_was_stopped_before_it_was_done_is_no_success(string command)
    {
        string data = Directory.CreateTempSubdirectory("sharerpc-test-").FullName;
        await File.WriteAllTextAsync(Path.Combine(data, "shares.db"), "");
        using var stopped = new CancellationTokenSource();
        await stopped.CancelAsync();
        var errors = new StringWriter();
        string[] rest = command == "backup" ? [Path.Combine(data, "copy")] : [];

        int exitCode =
            await CommandLine.RunAsync([command, "--data", data, .. rest], new StringWriter(), errors, stopped.Token);

        Assert.Equal(1, exitCode);
        Assert.Contains("Stopped before", errors.ToString(), StringComparison.Ordinal);
        Directory.Delete(data, recursive: true);
    }

    [Fact]
    public async Task An_error_names_the_next_step()
    {
        string state = Directory.CreateTempSubdirectory("sharerpc-test-").FullName;
        (int noToken, _, string tokenHint) =
            await RunAsync(["share", "--state", state, "--server", "http://192.0.2.1:8787"]);
        string tokenFile = Path.Combine(state, "token");
        await File.WriteAllTextAsync(tokenFile, "nonsense");
        (int badToken, _, string badHint) = await RunAsync(["ls", "--state", state, "--token-file", tokenFile]);

        Assert.Equal((1, 1), (noToken, badToken));
        Assert.Contains("--token-file", tokenHint, StringComparison.Ordinal);
        Assert.Contains("srpc_", badHint, StringComparison.Ordinal);
        Directory.Delete(state, recursive: true);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_named()
    {
        string state = Directory.CreateTempSubdirectory("sharerpc-test-").FullName;
        string tokenFile = Path.Combine(state, "token");
        await File.WriteAllTextAsync(tokenFile, ShareToken.New(RandomId.New()).Reveal());
        (int exitCode, _, string errors) = await RunAsync(
            ["ls", "--state", state, "--token-file", tokenFile, "--server", "http://127.0.0.1:1"]);

        Assert.Equal(4, exitCode);
        Assert.Contains("No server answers at http://127.0.0.1:1/", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("srpc_", errors, StringComparison.Ordinal);
        Directory.Delete(state, recursive: true);
    }

    private static async Task<(int ExitCode, string Output, string Errors)> RunAsync(string[] args)
    {
        var output = new StringWriter();
        var errors = new StringWriter();
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        int exitCode = await CommandLine.RunAsync(args, output, errors, timeout.Token);
        return (exitCode, output.ToString(), errors.ToString());
    }
}
