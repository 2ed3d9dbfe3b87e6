using System.Globalization;

namespace ShareRpc.EndToEndTests.Conformance;

/// <summary>The conformance kit, with our server and our clients; see protocol/conformance/README.md.</summary>
[Trait("Suite", "Deep")]
public sealed class ConformanceTests
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(8)).Token;

    private static string PythonFolder => ConformanceKit.PathOf("src", "clients", "python");

    private static string Assembly => Path.Combine(AppContext.BaseDirectory, "ShareRpc.EndToEndTests.dll");

    [NodeFact]
    public async Task The_server_passes_every_vector_and_one_that_is_broken_on_purpose_does_not()
    {
        await using World world = await StartAsync();
        string address = world.Server.GetLeftPart(UriPartial.Authority);
        await ConformanceKit.PassAsync(["server", address, "--root-token-file", world.TokenFile], timeout);
        await using Tool tests = Tool.StartExecutable(
            "npm", ConformanceKit.PathOf("protocol", "conformance"),
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
    public Task The_csharp_plain_writer_passes() => ClientPassesAsync("plain", "dotnet", "exec", Assembly, "conform");

    [NodeFact]
    public Task The_typescript_plain_writer_passes() => ClientPassesAsync("plain", ConformanceKit.TypeScriptClient);

    [NodeFact]
    public Task The_csharp_outbox_passes() => ClientPassesAsync("outbox", "dotnet", "exec", Assembly, "conform");

    [NodeFact]
    public Task The_typescript_reader_passes() => ClientPassesAsync(
        "reader", ConformanceKit.TypeScriptClient);

    [PythonTheory]
    [InlineData("reader")]
    [InlineData("plain")]
    [InlineData("outbox")]
    public Task The_python_client_passes(string of) => ClientPassesAsync(
        of, "env", $"PYTHONPATH={PythonFolder}", PythonTheoryAttribute.Python!,
        Path.Combine(PythonFolder, "conformance.py"));

    private async Task ClientPassesAsync(string of, params string[] command)
    {
        await using World world = await StartAsync();
        string address = world.Server.GetLeftPart(UriPartial.Authority);
        string seeds = DeepSize.Or(1).ToString(CultureInfo.InvariantCulture);
        string[] onServer = ["--server", address, "--root-token-file", world.TokenFile, "--seeds", seeds];
        await ConformanceKit.PassAsync(["client", of, .. onServer, "--", .. command], timeout);
    }

    private async Task<World> StartAsync()
    {
        var world = new World();
        await world.StartServerAsync(null, ["--allow-origin", "https://allowed.example"], timeout);
        return world;
    }
}
