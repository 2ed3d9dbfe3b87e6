namespace ShareRpc.EndToEndTests.Conformance;

/// <summary>The conformance kit, with our server and our clients; see protocol/conformance/README.md.</summary>
[Trait("Suite", "Deep")]
public sealed class ConformanceTests
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(8)).Token;

    private static string Assembly => Path.Combine(AppContext.BaseDirectory, "ShareRpc.EndToEndTests.dll");

    private static string PathOf(params string[] parts) => Path.Combine([OpencodeFixture.Root(), .. parts]);

    [NodeFact]
    public async Task The_server_passes_every_vector_and_one_that_is_broken_on_purpose_does_not()
    {
        await using World world = await StartAsync();
        string address = world.Server.GetLeftPart(UriPartial.Authority);
        await PassAsync(["server", address, "--root-token-file", world.TokenFile]);
        await using Tool tests = Tool.StartExecutable(
            "npm", PathOf("protocol", "conformance"),
            new Dictionary<string, string?>
            {
                ["SHARERPC_TEST_SERVER"] = address,
                ["SHARERPC_ROOT_TOKEN"] = (await File.ReadAllTextAsync(world.TokenFile, timeout)).Trim(),
            },
            "test");
        await tests.WaitForExitAsync(timeout);
        Assert.True(tests.ExitCode == 0, $"{string.Join('\n', tests.Lines)}\n{tests.Errors}");
    }

    [NodeFact]
    public Task The_csharp_reader_passes() => ClientPassesAsync("reader", "dotnet", "exec", Assembly, "conform");

    [NodeFact]
    public Task The_csharp_outbox_passes() => ClientPassesAsync("outbox", "dotnet", "exec", Assembly, "conform");

    [NodeFact]
    public Task The_typescript_reader_passes() => ClientPassesAsync(
        "reader", PathOf("node_modules", ".bin", "vite-node"), PathOf("tests", "web", "client", "conformance.ts"));

    [PythonTheory]
    [InlineData("reader")]
    [InlineData("plain")]
    [InlineData("outbox")]
    public Task The_python_client_passes(string of) => ClientPassesAsync(
        of, "env", $"PYTHONPATH={PathOf("src", "clients", "python")}", PythonTheoryAttribute.Python!,
        PathOf("src", "clients", "python", "conformance.py"));

    private async Task ClientPassesAsync(string of, params string[] command)
    {
        await using World world = await StartAsync();
        string address = world.Server.GetLeftPart(UriPartial.Authority);
        await PassAsync(["client", of, "--server", address, "--root-token-file", world.TokenFile, "--", .. command]);
    }

    private async Task<World> StartAsync()
    {
        var world = new World();
        await world.StartServerAsync(null, ["--allow-origin", "https://allowed.example"], timeout);
        return world;
    }

    private async Task PassAsync(string[] arguments)
    {
        await NodeModules.InstallAsync(timeout);
        await using Tool kit = Tool.StartExecutable(
            "node", OpencodeFixture.Root(), new Dictionary<string, string?>(),
            [PathOf("protocol", "conformance", "cli.mjs"), .. arguments]);
        await kit.WaitForExitAsync(timeout);
        Assert.True(kit.ExitCode == 0, $"{string.Join('\n', kit.Lines)}\n{kit.Errors}");
        Assert.Matches("^[1-9][0-9]* passed, 0 failed$", kit.Lines[^1]);
    }
}
