namespace ShareRpc.EndToEndTests.Agents;

internal sealed class GeminiProgram : AgentProgram
{
    private const string Settings = """
        {"security":{"auth":{"selectedType":"gemini-api-key"}},"privacy":{"usageStatisticsEnabled":false},
        "general":{"disableAutoUpdate":true,"enableAutoUpdate":false,"disableUpdateNag":true},
        "telemetry":{"enabled":false},"ide":{"enabled":false}}
        """;

    public GeminiProgram(string home, string model)
        : base(home, model)
    {
        Directory.CreateDirectory(Path.Combine(home, ".gemini"));
        File.WriteAllText(Path.Combine(home, ".gemini", "settings.json"), Settings);
    }

    public override Tool Start(string prompt, bool goesOn) => Start(
        "node",
        new Dictionary<string, string?>
        {
            ["GEMINI_CLI_HOME"] = null, ["GEMINI_API_KEY"] = "x", ["GOOGLE_GEMINI_BASE_URL"] = Model, ["CI"] = null,
        },
        [
            AgentPackage.Gemini.Program, "--skip-trust", "--yolo", "-m", "gemini-2.5-flash",
            .. goesOn ? ["--resume", "latest"] : Array.Empty<string>(), "-p", prompt,
        ]);
}
