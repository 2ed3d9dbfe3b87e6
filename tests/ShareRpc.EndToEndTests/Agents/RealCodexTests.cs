using System.Text.Json.Nodes;
using ShareRpc.Sources.Codex;
using ShareRpc.Sources.Following;

namespace ShareRpc.EndToEndTests.Agents;

/// <summary>The real Codex CLI, with a model that plays a script. No network but this machine's own.</summary>
[Trait("Suite", "Deep")]
public sealed class RealCodexTests : IDisposable
{
    private readonly string home = Directory.CreateTempSubdirectory("sharerpc-codex-").FullName;
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    private static readonly Dictionary<string, AgentReply[]> Script = new()
    {
        ["First question"] =
        [
            new AgentReply("I look.", "**Planning**", Shell("printf 'one\\ntwo\\n'")),
            new AgentReply("Two lines.", null),
        ],
        ["Second question"] =
        [
            new AgentReply(null, null, Shell("echo no >&2; exit 3"), new AgentCall("no_such_tool", new JsonObject())),
            new AgentReply("It failed.", null),
        ],
        ["Third question"] = [new AgentReply("I wait.", null, Shell("echo begin; sleep 60"))],
        ["Fourth question"] = [new AgentReply("I go on.", null)],
    };

    public void Dispose() => Directory.Delete(home, recursive: true);

    [AgentFact("codex")]
    public async Task What_the_script_said_is_what_is_shared_over_resumption_and_a_kill_in_the_middle_of_a_tool()
    {
        Assert.Null(AgentPackage.Codex.WhyNot());
        await using AgentModel model = await AgentModel.StartAsync(Script);
        AgentProgram codex = AgentProgram.Of("codex", home, model.Address);
        var followed = new FollowedAgent(() =>
            CodexStorage.On(new AgentHome(home, Path.Combine(home, "state"), _ => null)));
        using var done = CancellationTokenSource.CreateLinkedTokenSource(timeout);
        Task following = followed.FollowAsync(done.Token);

        await codex.RunAsync("First question", goesOn: false, timeout);
        await codex.RunAsync("Second question", goesOn: true, timeout);
        await using (Tool doomed = codex.Start("Third question", goesOn: true))
        {
            await Until.TrueAsync(() => followed.Shown.Any(line => line == "assistant tool bash running"), timeout);
            Assert.Equal("streaming", followed.Turns[^1]);
            doomed.Kill();
        }

        await codex.RunAsync("Fourth question", goesOn: true, timeout);
        await done.CancelAsync();
        await following;
        followed.Look();
        Assert.Equal(0, followed.Look());
        Assert.Equal(
            [
                "user text First question", "assistant reasoning **Planning**", "assistant text I look.",
                "assistant tool bash completed 0 one\ntwo", "assistant text Two lines.", "user text Second question",
                "assistant tool bash completed 3 no",
                "assistant tool no_such_tool error  unsupported call: no_such_tool", "assistant text It failed.",
                "user text Third question", "assistant text I wait.", "assistant tool bash running",
                "user text Fourth question", "assistant text I go on.",
            ],
            followed.Shown);
        Assert.Equal(["completed", "completed", "aborted", "completed"], followed.Turns);
    }

    private static AgentCall Shell(string command) => AgentProgram.Shell("codex", command);
}
