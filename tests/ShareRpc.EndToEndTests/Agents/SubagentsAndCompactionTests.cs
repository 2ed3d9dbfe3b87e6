using System.Text.Json.Nodes;
using ShareRpc.Sources;
using ShareRpc.Sources.Following;

namespace ShareRpc.EndToEndTests.Agents;

/// <summary>
/// Each real agent starts a subagent, works on, and its context is summed up: what the script of the model said is what
/// is shown, message by message, followed by readers that know nothing but the bookmark.
/// </summary>
[Trait("Suite", "Deep")]
public sealed class SubagentsAndCompactionTests : IDisposable
{
    private const string Summary = "What was done before.";

    // So much that a summary is shorter.
    private static readonly string Filler = string.Concat(Enumerable.Repeat(" lorem ipsum dolor", 800));

    private static readonly string[] Session =
    [
        "user text Ask another", "assistant text I start one.", "assistant subagent completed Sub report.",
        "assistant text It reported.", "user text Second question", "assistant text I work.",
        "assistant tool bash completed two", "assistant text Done.", "user text Last question",
        "assistant text I go on.",
    ];

    private static readonly string[] Subagent =
        ["sub assistant text I look.", "sub assistant tool bash completed in-sub"];

    // What the programs add by themselves: the calls that start subagents, and the command that sums up.
    private static readonly string[] Own =
    [
        "assistant tool task completed Sub report.", "user text /compact", "user text Compacted",
        "assistant tool invoke_agent completed Subagent 'generalist' finished.",
        "assistant tool spawn_agent completed", "assistant tool wait_agent completed",
        "assistant text Message Type: FINAL_ANSWER",
    ];

    private readonly string home = Directory.CreateTempSubdirectory("sharerpc-agents-").FullName;
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(9)).Token;

    public void Dispose() => Directory.Delete(home, recursive: true);

    [AgentFact("claude")]
    public Task A_subagent_and_a_summary_of_Claude_Code_are_shared_as_the_script_said() => RunAsync("claude",
        "sub assistant text Sub report.",
        new AgentReply($"<analysis>hm</analysis>\n<summary>{Summary}</summary>", null),
        async agent =>
        {
            await agent.RunAsync("/compact", goesOn: true, timeout);
            await agent.RunAsync("Last question", goesOn: true, timeout);
        });

    [AgentFact("codex")]
    public Task A_subagent_and_a_summary_of_Codex_are_shared_as_the_script_said() => RunAsync("codex",
        "sub assistant text Sub report.",
        new AgentReply(Summary, null),
        agent =>
        {
            agent.More = ["-c", "model_auto_compact_token_limit=50"];
            return agent.RunAsync("Last question", goesOn: true, timeout);
        });

    [AgentFact("gemini")]
    public Task A_subagent_and_a_summary_of_Gemini_are_shared_as_the_script_said() => RunAsync("gemini",
        "sub assistant tool complete_task completed Output submitted and task completed.",
        new AgentReply($"<state_snapshot>{Summary}</state_snapshot>", null),
        agent =>
        {
            string path = Path.Combine(home, ".gemini", "settings.json");
            JsonNode settings = JsonNode.Parse(File.ReadAllText(path))!;
            settings["model"] = new JsonObject { ["compressionThreshold"] = 0.000001 };
            File.WriteAllText(path, settings.ToJsonString());
            return agent.RunAsync("Last question", goesOn: true, timeout);
        });

    private async Task RunAsync(
        string name, string report, AgentReply summary, Func<AgentProgram, Task> sumUpAsync)
    {
        Assert.Null(AgentPackage.Of(name).WhyNot());
        await using AgentModel model = await AgentModel.StartAsync(Script(name), summary);
        AgentProgram agent = AgentProgram.Of(name, home, model.Address);
        if (name == "codex") agent.More = ["--enable", "multi_agent_v2"];
        var state = new AgentHome(home, Path.Combine(home, "state"), _ => null);
        var followed = new FollowedAgent(() => AgentStorages.On(state).SingleOrDefault(one => one.Agent == name));
        using var done = CancellationTokenSource.CreateLinkedTokenSource(timeout);
        Task following = followed.FollowAsync(done.Token);
        await agent.RunAsync("Ask another" + Filler, goesOn: false, timeout);
        await agent.RunAsync("Second question", goesOn: true, timeout);
        await sumUpAsync(agent);
        await done.CancelAsync();
        await following;
        followed.Look();
        Assert.Equal(0, followed.Look());

        string compaction = Assert.Single(followed.Shown, IsCompaction);
        Assert.Contains(Summary, compaction, StringComparison.Ordinal);
        string[] shown = [.. followed.Shown.Where(line => !IsCompaction(line)).Select(Short)];
        string said = string.Join('\n', shown);
        ILookup<bool, string> lines = shown.ToLookup(line => line.StartsWith("sub ", StringComparison.Ordinal));
        string task = name == "codex" ? "assistant text Message Type: NEW_TASK" : "user text Sub question";
        Assert.True(lines[true].SequenceEqual([$"sub {task}", .. Subagent, report]), said);
        Assert.True(lines[false].Where(line => !Array.Exists(Own,
            own => line.StartsWith(own, StringComparison.Ordinal))).SequenceEqual(Session), said);
        Assert.All(followed.Turns, turn => Assert.Equal("completed", turn));
    }

    private static bool IsCompaction(string line) => line.Contains(" compaction ", StringComparison.Ordinal);

    /// <summary>
    /// Cuts off the filler and what programs put around a report, and exit codes: not every agent writes them.
    /// </summary>
    private static string Short(string line)
    {
        const string report = "assistant subagent completed ";
        bool isReport = line.StartsWith(report, StringComparison.Ordinal)
            && line.Contains("Sub report.", StringComparison.Ordinal);
        return isReport ? $"{report}Sub report."
            : line.Split(" lorem")[0].Replace("completed 0 ", "completed ", StringComparison.Ordinal)
                .Replace("completed  ", "completed ", StringComparison.Ordinal)
                .Replace("<tools-used-before-summary>Bash</tools-used-before-summary>\n\n", "",
                    StringComparison.Ordinal)
                .Split('\n')[0].TrimEnd();
    }

    private static Dictionary<string, AgentReply[]> Script(string name) => new()
    {
        ["Ask another"] =
        [
            new AgentReply("I start one.", null, Spawn(name)),
            .. name == "codex" ? [new AgentReply(null, null, Tool("wait_agent", new() { ["timeout_ms"] = 30_000 }))]
                : Array.Empty<AgentReply>(),
            new AgentReply("It reported.", null),
        ],
        ["Sub question"] =
        [
            new AgentReply("I look.", null, AgentProgram.Shell(name, "printf in-sub")),
            name == "gemini" ? new AgentReply(null, null, new AgentCall("complete_task", new JsonObject
            {
                ["response"] = "Sub report.", ["result"] = new JsonObject { ["response"] = "Sub report." },
            })) : new AgentReply("Sub report.", null),
        ],
        ["Second question"] =
            [new AgentReply("I work.", null, AgentProgram.Shell(name, "printf two")), new AgentReply("Done.", null)],
        ["Last question"] = [new AgentReply("I go on.", null)],
    };

    private static AgentCall Spawn(string name) => name switch
    {
        "claude" => new AgentCall("Agent", new JsonObject
        {
            ["description"] = "Look", ["prompt"] = "Sub question", ["subagent_type"] = "general-purpose",
            ["run_in_background"] = false,
        }),
        "codex" => Tool("spawn_agent", new JsonObject
        {
            ["task_name"] = "look", ["message"] = "Sub question", ["fork_turns"] = "none",
        }),
        _ => new AgentCall("invoke_agent", new JsonObject
        {
            ["agent_name"] = "generalist", ["prompt"] = "Sub question",
        }),
    };

    private static AgentCall Tool(string name, JsonObject arguments) =>
        new(name, arguments) { Namespace = "collaboration" };
}
