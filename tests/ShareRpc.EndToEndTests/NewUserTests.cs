using System.Text.Json.Nodes;

namespace ShareRpc.EndToEndTests;

/// <summary>What the README tells a new user to do, command by command, with the real tool.</summary>
public sealed class NewUserTests
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [FixtureFact]
    public async Task An_agent_shares_a_redacted_viewer_is_invited_for_a_week_seen_and_revoked_and_is_then_refused()
    {
        await using var world = new World();
        await world.StartServerAsync(null, timeout);
        string database = OpencodeFixture.CopyTo(world.PathOf("opencode.db"));
        string session = OpencodeFixture.Sessions(database).First(id => HasTool(database, id));
        string server = world.Server.GetLeftPart(UriPartial.Authority);
        string token = world.PathOf("laptop.token");

        // The administrator lets a machine share.
        await StepAsync(0, "agent", "add", "--label", "laptop", "--out", token, "--server", server, "--token-file",
            world.TokenFile,
            "--state", world.PathOf("admin"));

        // On that machine: share a session, invite a viewer.
        string state = world.PathOf("laptop");
        await StepAsync(0, "share", "--opencode", database, "--session", session, "--once", "--server", server,
            "--token-file", token,
            "--state", state);
        await using Tool invited = await RunAsync(
            0, "invite", session, "--label", "Ana", "--expires", "7d", "--redact", "tools,reasoning", "--state", state,
            "--json");
        JsonObject invitation = Assert.Single(invited.Objects);
        string link = (string)invitation["link"]!;

        // The viewer watches: the conversation, without what tools were given and said.
        await using Tool viewer = Tool.Start(null, "watch", link, "--json");
        await Until.TrueAsync(() => viewer.Objects.Any(line => (bool?)line["redacted"] == true)
            || viewer.HasExited, timeout);
        await using Tool once = await RunAsync(0, "watch", link, "--once", "--json");
        Assert.DoesNotContain(once.Objects, HoldsToolOutput);
        Assert.Contains(once.Objects, line => (string?)line["kind"] == "part");

        // Who looks now, and who looked.
        await using Tool who = await RunAsync(0, "who", session, "--state", state, "--json");
        JsonObject ana = who.Objects.Single(line => (string?)line["label"] == "Ana");
        Assert.Equal(("active", 1), ((string)ana["state"]!, (int)ana["live_handles"]!));
        long days = ((long)ana["caveats"]!["expires_at_ms"]! - (long)ana["created_ms"]!) / 86_400_000;
        Assert.InRange(days, 6, 7);

        // Revoke: the running watch ends, and nobody gets in by it any more.
        await StepAsync(0, "revoke", link, "--state", state);
        await viewer.WaitForExitAsync(timeout);
        Assert.Equal(3, viewer.ExitCode);
        await using Tool refused = await RunAsync(3, "watch", link, "--once");
        Assert.DoesNotContain("srpc_", refused.Errors, StringComparison.Ordinal);

        // The trail says so; what it counts by the minute is written when the server stops, too.
        await world.ServerProcess!.TerminateAsync(timeout);
        await world.StartServerAsync(null, timeout);
        await using Tool audit = await RunAsync(0, "audit", session, "--state", state, "--json");
        string capId = (string)invitation["cap_id"]!;
        Assert.Contains(audit.Objects, line => (string?)line["action"] == "redeem" && (string?)line["actor"] == capId);
        Assert.Contains(audit.Objects, line => (string?)line["action"] == "revoke"
            && (string?)line["subject"] == capId);
        Assert.Contains(audit.Objects, line => (string?)line["action"] == "refused"
            && (string?)line["code"] == "capability_revoked");

        // And the machine itself, with all that hangs on it.
        await StepAsync(0, "agent", "revoke", "laptop", "--yes", "--server", server, "--token-file", world.TokenFile,
            "--state",
            world.PathOf("admin"));
        await StepAsync(3, "share", "--opencode", database, "--session", session, "--once", "--server", server,
            "--token-file", token,
            "--state", world.PathOf("another"));
    }

    [FixtureFact]
    public async Task A_passphrase_is_a_line_of_standard_input_and_never_an_argument()
    {
        await using var world = new World();
        await world.StartServerAsync(null, timeout);
        string database = OpencodeFixture.CopyTo(world.PathOf("opencode.db"));
        await using Tool shared =
            await world.RunClientAsync("share", ["--opencode", database, "--once", "--json"], timeout);
        string session = (string)ShareCommandTests.Finals(shared)[0]["session"]!;

        await using Tool invite =
            Tool.Start(null, "invite", session, "--passphrase", "--state", world.PathOf("state"), "--json");
        invite.Tell("correct horse");
        await invite.WaitForExitAsync(timeout);
        Assert.True(invite.ExitCode == 0, invite.Errors);
        string link = (string)Assert.Single(invite.Objects)["link"]!;
        await using Tool with = Tool.Start(null, "watch", link, "--once", "--passphrase", "--json");
        with.Tell("correct horse");
        await with.WaitForExitAsync(timeout);
        await using Tool wrong = Tool.Start(null, "watch", link, "--once", "--passphrase", "--json");
        wrong.Tell("battery staple");
        await wrong.WaitForExitAsync(timeout);
        await using Tool without = await RunAsync(3, "watch", link, "--once");

        Assert.Equal((0, 3), (with.ExitCode, wrong.ExitCode));
        Assert.Contains("passphrase", without.Errors, StringComparison.Ordinal);
    }

    private async Task StepAsync(int exitCode, params string[] arguments)
    {
        await using Tool tool = await RunAsync(exitCode, arguments);
    }

    private async Task<Tool> RunAsync(int exitCode, params string[] arguments)
    {
        Tool tool = await Tool.RunAsync(arguments, timeout);
        Assert.True(tool.ExitCode == exitCode,
            $"{arguments[0]}: {tool.ExitCode}\n{string.Join('\n', tool.Lines)}\n{tool.Errors}");
        return tool;
    }

    private static bool HasTool(string database, string session) =>
        OpencodeFixture.Parts(database, session).Values.Any(part => part["state"] is JsonObject state
            && state["output"] is not null);

    private static bool HoldsToolOutput(JsonObject op) =>
        op["data"] is JsonObject data && data["state"] is JsonObject state
        && (state["output"] is not null || state["input"] is not null);
}
