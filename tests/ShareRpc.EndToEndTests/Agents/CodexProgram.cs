namespace ShareRpc.EndToEndTests.Agents;

internal sealed class CodexProgram : AgentProgram
{
    public CodexProgram(string home, string model)
        : base(home, model)
    {
        Directory.CreateDirectory(Path.Combine(home, ".codex"));
        File.WriteAllText(Path.Combine(home, ".codex", "config.toml"), Config(model));
    }

    public override Tool Start(string prompt, bool goesOn) => Start(
        AgentPackage.Codex.Program,
        new Dictionary<string, string?> { ["CODEX_HOME"] = null, ["MODEL_KEY"] = "x" },
        [
            "exec", "--json", "--skip-git-repo-check", .. More,
            .. goesOn ? ["resume", "--last"] : Array.Empty<string>(), prompt,
        ]);

    /// <summary>Returns a configuration for a model that plays a script.</summary>
    internal static string Config(string address) => $"""
        model = "gpt-5.5"
        model_provider = "script"
        check_for_update_on_startup = false
        approval_policy = "never"
        sandbox_mode = "danger-full-access"
        [model_providers.script]
        name = "script"
        base_url = "{address}/v1"
        wire_api = "responses"
        env_key = "MODEL_KEY"
        supports_websockets = false
        [analytics]
        enabled = false
        """;
}
