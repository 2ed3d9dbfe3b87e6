using System.Text.RegularExpressions;

namespace ShareRpc.EndToEndTests;

/// <summary>`@sharerpc/client` of src/viewer, by its own tests in Node; those of a real server have one that is started here.</summary>
public sealed partial class WebClientTests
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(9)).Token;

    [NodeFact]
    public async Task The_client_of_browsers_passes_its_own_tests_and_the_vectors_against_a_real_server()
    {
        await using var world = new World();
        await world.StartServerAsync(null, timeout);
        string folder = Path.Combine(OpencodeFixture.Root(), "src", "viewer");
        if (!Directory.Exists(Path.Combine(folder, "node_modules"))) await RunAsync("npm", folder, [], "ci", "--no-audit", "--no-fund");
        var environment = new Dictionary<string, string?>
        {
            ["SHARERPC_TEST_SERVER"] = world.Server.GetLeftPart(UriPartial.Authority),
            ["SHARERPC_TEST_ROOT_TOKEN"] = (await File.ReadAllTextAsync(world.TokenFile, timeout)).Trim(),
            ["NO_COLOR"] = "1",
        };

        string said = await RunAsync("npx", folder, environment, "vitest", "run");

        Assert.Matches(PassedInAll(), said);
        Assert.DoesNotContain("skipped", said, StringComparison.Ordinal); // with a server, nothing has a reason to be
    }

    private async Task<string> RunAsync(string program, string folder, Dictionary<string, string?> environment, params string[] arguments)
    {
        await using Tool tool = Tool.StartExecutable(program, folder, environment, arguments);
        await tool.WaitForExitAsync(timeout);
        string said = string.Join('\n', tool.Lines);
        Assert.True(tool.ExitCode == 0, $"{said}\n{tool.Errors}");
        return said;
    }

    [GeneratedRegex(@"Tests +[0-9]+ passed")]
    private static partial Regex PassedInAll();
}
