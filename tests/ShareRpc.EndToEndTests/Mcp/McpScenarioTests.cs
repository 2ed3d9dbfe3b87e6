using System.Text.Json.Nodes;

namespace ShareRpc.EndToEndTests.Mcp;

/// <summary>The SDK of MCP, as agents use it, at both doors.</summary>
[Trait("Suite", "Deep")]
public sealed class McpScenarioTests
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [NodeFact]
    public async Task The_sdk_reads_shares_invites_and_revokes_at_both_doors_whatever_it_is_given()
    {
        await using var world = new World();
        await world.StartServerAsync(null, timeout);
        string folder = Path.Combine(OpencodeFixture.Root(), "tests", "mcp-client");
        await using (Tool npm = Tool.StartExecutable("npm", folder, new Dictionary<string, string?>(),
            "ci", "--no-audit", "--no-fund"))
        {
            await npm.WaitForExitAsync(timeout);
            Assert.True(npm.ExitCode == 0, npm.Errors);
        }

        var environment = new Dictionary<string, string?>
        {
            ["TOOL"] = Path.Combine(AppContext.BaseDirectory, "sharerpc.dll"), ["SERVER"] = world.Server.AbsoluteUri,
            ["TOKEN_FILE"] = world.TokenFile, ["STATE"] = world.PathOf("state"),
            ["HOME"] = RecordedSession.WriteTo(world.PathOf("home")),
        };
        await using Tool scenario = Tool.StartExecutable("node", folder, environment, "scenario.mjs");
        await scenario.WaitForExitAsync(timeout);
        Assert.True(scenario.ExitCode == 0, $"{string.Join('\n', scenario.Lines)}\n{scenario.Errors}");

        JsonObject seen = Assert.Single(scenario.Objects);
        string log = string.Join('\n', world.ServerProcess!.Lines) + world.ServerProcess.Errors;
        Assert.All(seen["tokens"]!.AsArray(), token => // I10
            Assert.DoesNotContain(((string)token!).Split('_')[2], log, StringComparison.Ordinal));
        Assert.DoesNotContain("failed unexpectedly", log, StringComparison.Ordinal);
    }
}
