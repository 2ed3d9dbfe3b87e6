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
    [
        "sub user text Sub question", "sub assistant text I look.", "sub assistant tool bash completed in-sub",
        "sub assistant text Sub report.",
    ];

    private readonly string home = Directory.CreateTempSubdirectory("sharerpc-agents-").FullName;
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromSeconds(170)).Token;

    public void Dispose() => Directory.Delete(home, recursive: true);

    [AgentFact("claude")]
    public Task A_subagent_and_a_summary_of_Claude_Code_are_shared_as_the_script_said() => RunAsync("claude", Subagent,
        new AgentReply($"<analysis>hm</analysis>\n<summary>{Summary}</summary>", null),
        async agent =>
        {
            await agent.RunAsync("/compact", goesOn: true, timeout);
            await agent.RunAsync("Last question", goesOn: true, timeout);
        });

    [AgentFact("codex")]
    public Task A_subagent_and_a_summary_of_Codex_are_shared_as_the_script_said() => RunAsync("codex", Subagent,
        new AgentReply(Summary, null),
        agent =>
        {
            agent.More = ["-c", "model_auto_compact_token_limit=50"];
            return agent.RunAsync("Last question", goesOn: true, timeout);
        });

    [AgentFact("gemini")]
    public Task A_subagent_and_a_summary_of_Gemini_are_shared_as_the_script_said() => RunAsync("gemini", Subagent[..^1],
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
        string name, string[] ofSubagent, AgentReply summary, Func<AgentProgram, Task> sumUpAsync)
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

        string[] shown = [.. followed.Shown.Select(Short)];
        string said = string.Join('\n', shown);
        Assert.True(ofSubagent.SequenceEqual(shown.Where(line => line.StartsWith("sub ", StringComparison.Ordinal))),
            said);
        Assert.True(Session.SequenceEqual(shown.Where(Session.Contains)), said);
        string compaction = Assert.Single(shown, line => line.Contains(" compaction ", StringComparison.Ordinal));
        Assert.Contains(Summary, compaction, StringComparison.Ordinal);
        Assert.All(followed.Turns, turn => Assert.Equal("completed", turn));
    }

    /// <summary>Cuts off the filler, and exit codes: not every agent writes them.</summary>
    private static string Short(string line) =>
        line.Split(" lorem")[0].Replace("completed 0 ", "completed ", StringComparison.Ordinal)
            .Replace("completed  ", "completed ", StringComparison.Ordinal);

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
