namespace ShareRpc.EndToEndTests.Agents;

/// <summary>One run of the real Claude Code, which answers a prompt and ends.</summary>
internal static class ClaudeRun
{
    public static Tool Start(
        string home, string model, string project, string prompt, params IEnumerable<string> arguments)
    {
        var environment = new Dictionary<string, string?>
        {
            ["HOME"] = home, ["CLAUDE_CONFIG_DIR"] = null, ["ANTHROPIC_BASE_URL"] = model,
            ["ANTHROPIC_API_KEY"] = "x", ["IS_SANDBOX"] = "1", ["DISABLE_AUTOUPDATER"] = "1",
            ["DISABLE_TELEMETRY"] = "1", ["DISABLE_ERROR_REPORTING"] = "1",
            ["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"] = "1", ["CLAUDE_CODE_MAX_RETRIES"] = "3",
        };
        Tool claude = Tool.StartExecutable(AgentPackage.Claude.Program, project, environment,
        [
            "-p", prompt, "--dangerously-skip-permissions", "--output-format", "stream-json", "--verbose", .. arguments,
        ]);
        claude.EndInput();
        return claude;
    }
}
