namespace ShareRpc.EndToEndTests.Agents;

internal sealed class ClaudeProgram(string home, string model) : AgentProgram(home, model)
{
    public override Tool Start(string prompt, bool goesOn) => Run(
        [
            "-p", prompt, "--dangerously-skip-permissions", "--output-format", "stream-json", "--verbose",
            .. goesOn ? ["--continue"] : Array.Empty<string>(),
        ]);

    /// <summary>Runs a command that is no prompt.</summary>
    public Tool Run(params string[] arguments) => Start(
        AgentPackage.Claude.Program,
        new Dictionary<string, string?>
        {
            ["CLAUDE_CONFIG_DIR"] = null, ["ANTHROPIC_BASE_URL"] = Model, ["ANTHROPIC_API_KEY"] = "x",
            ["IS_SANDBOX"] = "1", ["DISABLE_AUTOUPDATER"] = "1", ["DISABLE_TELEMETRY"] = "1",
            ["DISABLE_ERROR_REPORTING"] = "1", ["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"] = "1",
            ["CLAUDE_CODE_MAX_RETRIES"] = "3",
        },
        arguments);
}
