using System.Text.Json.Nodes;
using ShareRpc.Sources.ClaudeCode;
using ShareRpc.Sources.Following;

namespace ShareRpc.EndToEndTests.Agents;

/// <summary>The real Claude Code, with a model that plays a script. No network but this machine's own.</summary>
[Trait("Suite", "Deep")]
public sealed class RealClaudeTests : IDisposable
{
    private readonly string home = Directory.CreateTempSubdirectory("sharerpc-claude-").FullName;
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    private static readonly Dictionary<string, AgentReply[]> Script = new()
    {
        ["First question"] =
        [
            new AgentReply("I look.", "I plan.", Shell("printf 'one\\ntwo\\n'")),
            new AgentReply("Two lines.", null),
        ],
        ["Second question"] =
        [
            new AgentReply(null, null, Shell("echo no >&2; exit 3"), new AgentCall("NoSuchTool", new JsonObject())),
            new AgentReply("It failed.", null),
        ],
        ["Third question"] = [new AgentReply("I wait.", null, Shell("echo begin; sleep 60"))],
        ["Fourth question"] = [new AgentReply("I go on.", null)],
    };

    public void Dispose() => Directory.Delete(home, recursive: true);

    [AgentFact("claude")]
    public async Task What_the_script_said_is_what_is_shared_over_resumption_and_a_kill_in_the_middle_of_a_tool()
    {
        Assert.Null(AgentPackage.Claude.WhyNot());
        await using AgentModel model = await AgentModel.StartAsync(Script);
        AgentProgram claude = AgentProgram.Of("claude", home, model.Address);
        var followed = new FollowedAgent(() =>
            ClaudeStorage.On(new AgentHome(home, Path.Combine(home, "state"), _ => null)));
        using var done = CancellationTokenSource.CreateLinkedTokenSource(timeout);
        Task following = followed.FollowAsync(done.Token);

        await claude.RunAsync("First question", goesOn: false, timeout);
        await claude.RunAsync("Second question", goesOn: true, timeout);
        await using (Tool doomed = claude.Start("Third question", goesOn: true))
        {
            await Until.TrueAsync(
                () => following.IsCompleted || followed.Shown.Contains("assistant tool bash running"), timeout);
            Assert.False(following.IsCompleted, following.Exception?.ToString());
            doomed.Kill();
        }

        await claude.RunAsync("Fourth question", goesOn: true, timeout);
        await done.CancelAsync();
        await following;
        followed.Look();
        Assert.Equal(0, followed.Look());
        Assert.Equal(
            [
                "user text First question", "assistant reasoning I plan.", "assistant text I look.",
                "assistant tool bash completed  one\ntwo", "assistant text Two lines.", "user text Second question",
                "assistant tool bash error 3 Exit code 3\nno",
                "assistant tool NoSuchTool error  Error: No such tool available: NoSuchTool",
                "assistant text It failed.",
                "user text Third question", "assistant text I wait.",
                "assistant tool bash error  [Tool call interrupted", "assistant text No response requested.",
                "user text Fourth question", "assistant text I go on.",
            ],
            followed.Shown.Select(line => line.Split(':') is [var start, ..] && start.EndsWith("interrupted",
                StringComparison.Ordinal) ? start : line));
        Assert.Equal(["completed", "completed", "aborted", "completed"], followed.Turns);
    }

    private static AgentCall Shell(string command) => AgentProgram.Shell("claude", command);
}
