using System.Text.RegularExpressions;

namespace ShareRpc.EndToEndTests;

/// <summary>Runs the tests that the packages in TypeScript have of their own, in Node.js.</summary>
public sealed partial class WebClientTests
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(20)).Token;

    [NodeFact]
    public Task The_client_the_pages_and_the_store_of_A2A_agents_pass_their_own_tests_and_the_vectors() =>
        TestAsync("test:every-day");

    [NodeFact]
    [Trait("Suite", "Deep")]
    public Task Agents_of_the_A2A_sdk_lose_nothing_over_kills_races_and_lost_answers() => TestAsync("test:a2a-deep");

    /// <summary>
    /// Runs a script of tests/web beside a server, and installs the workspace if its lock file has changed.
    /// </summary>
    private async Task TestAsync(string script)
    {
        await NodeModules.InstallAsync(timeout);
        await using var world = new World();
        await world.StartServerAsync(null, timeout);
        var environment = new Dictionary<string, string?>
        {
            ["NO_COLOR"] = "1",
            ["SHARERPC_TEST_SERVER"] = world.Server.GetLeftPart(UriPartial.Authority),
            ["SHARERPC_TEST_ROOT_TOKEN"] = (await File.ReadAllTextAsync(world.TokenFile, timeout)).Trim(),
        };

        string said = await RunAsync(Path.Combine(OpencodeFixture.Root(), "tests", "web"), environment, "run", script);

        Assert.Matches(PassedInAll(), said);
        Assert.DoesNotContain("skipped", said, StringComparison.Ordinal); // with a server, nothing has a reason to be
    }

    private async Task<string> RunAsync(string folder, Dictionary<string, string?> environment,
        params string[] arguments)
    {
        await using Tool tool = Tool.StartExecutable("npm", folder, environment, arguments);
        await tool.WaitForExitAsync(timeout);
        string said = string.Join('\n', tool.Lines);
        Assert.True(tool.ExitCode == 0, $"{said}\n{tool.Errors}");
        return said;
    }

    [GeneratedRegex(@"Tests +[0-9]+ passed")]
    private static partial Regex PassedInAll();
}
