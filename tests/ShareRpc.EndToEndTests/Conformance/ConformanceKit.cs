namespace ShareRpc.EndToEndTests.Conformance;

/// <summary>Runs protocol/conformance.</summary>
internal static class ConformanceKit
{
    public static string[] TypeScriptClient =>
        [PathOf("node_modules", ".bin", "vite-node"), PathOf("tests", "web", "client", "conformance.ts")];

    public static string PathOf(params string[] parts) => Path.Combine([OpencodeFixture.Root(), .. parts]);

    /// <summary>Fails unless all that the kit plays passes.</summary>
    public static async Task PassAsync(string[] arguments, CancellationToken timeout)
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
