using System.Text.RegularExpressions;

namespace ShareRpc.EndToEndTests;

/// <summary>Runs the tests that the packages in TypeScript have of their own, in Node.</summary>
public sealed partial class WebClientTests
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(20)).Token;

    [NodeFact]
    public Task The_client_of_browsers_passes_its_own_tests_and_the_vectors_against_a_real_server() =>
        TestWithServerAsync("test:client");

    [NodeFact]
    public Task The_store_of_A2A_agents_passes_its_own_tests_against_a_real_server() =>
        TestWithServerAsync("test:a2a");

    [NodeFact]
    [Trait("Suite", "Deep")]
    public Task Agents_of_the_A2A_sdk_lose_nothing_over_kills_races_and_lost_answers() =>
        TestWithServerAsync("test:a2a-deep");

    [NodeFact]
    public Task The_pages_pass_their_own_tests() => TestAsync("test:viewer", []);

    private async Task TestWithServerAsync(string script)
    {
        await using var world = new World();
        await world.StartServerAsync(null, timeout);
        var environment = new Dictionary<string, string?>
        {
            ["SHARERPC_TEST_SERVER"] = world.Server.GetLeftPart(UriPartial.Authority),
            ["SHARERPC_TEST_ROOT_TOKEN"] = (await File.ReadAllTextAsync(world.TokenFile, timeout)).Trim(),
        };

        string said = await TestAsync(script, environment);

        Assert.DoesNotContain("skipped", said, StringComparison.Ordinal); // with a server, nothing has a reason to be
    }

    /// <summary>Runs a script of tests/web, and installs the workspace if its lock file has changed.</summary>
    private async Task<string> TestAsync(string script, Dictionary<string, string?> environment)
    {
        string root = OpencodeFixture.Root();
        await NodeModules.InstallAsync(timeout);
        environment["NO_COLOR"] = "1";

        string said = await RunAsync(Path.Combine(root, "tests", "web"), environment, "run", script);

        Assert.Matches(PassedInAll(), said);
        return said;
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
