using System.Text.Json.Nodes;

namespace ShareRpc.EndToEndTests.Agents;

/// <summary>A real agent in a home of its own: each run answers one prompt and ends.</summary>
/// <param name="home">The user's home; the project is below it.</param>
/// <param name="model">The address of the scripted model.</param>
internal abstract class AgentProgram(string home, string model)
{
    protected string Home => home;

    protected string Model => model;

    protected string Project { get; } = Directory.CreateDirectory(Path.Combine(home, "project")).FullName;

    public static AgentProgram Of(string name, string home, string model) => name switch
    {
        "claude" => new ClaudeProgram(home, model),
        "codex" => new CodexProgram(home, model),
        _ => new GeminiProgram(home, model),
    };

    /// <summary>Gets or sets more arguments of each run.</summary>
    public string[] More { get; set; } = [];

    /// <summary>Starts a run.</summary>
    /// <param name="prompt">What the user asks.</param>
    /// <param name="goesOn">Whether it belongs to the newest session.</param>
    public abstract Tool Start(string prompt, bool goesOn);

    public async Task RunAsync(string prompt, bool goesOn, CancellationToken cancellationToken)
    {
        await using Tool run = Start(prompt, goesOn);
        await run.WaitForExitAsync(cancellationToken);
        Assert.True(run.ExitCode == 0, $"{string.Join('\n', run.Lines)}\n{run.Errors}");
    }

    /// <summary>Returns the call of a shell, as this agent's tool takes it.</summary>
    public static AgentCall Shell(string name, string command) => name switch
    {
        "claude" => new AgentCall("Bash", new JsonObject { ["command"] = command, ["description"] = "Run" }),
        "codex" => new AgentCall("exec_command", new JsonObject { ["cmd"] = command, ["yield_time_ms"] = 30_000 }),
        _ => new AgentCall("run_shell_command", new JsonObject { ["command"] = command, ["description"] = "Run" }),
    };

    protected Tool Start(string program, Dictionary<string, string?> environment, IEnumerable<string> arguments)
    {
        environment["HOME"] = home;
        Tool run = Tool.StartExecutable(program, Project, environment, [.. arguments]);
        run.EndInput();
        return run;
    }
}
