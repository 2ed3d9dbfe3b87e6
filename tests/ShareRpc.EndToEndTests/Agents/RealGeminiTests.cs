using System.Text.Json.Nodes;
using ShareRpc.Sources.Following;
using ShareRpc.Sources.GeminiCli;

namespace ShareRpc.EndToEndTests.Agents;

/// <summary>The real Gemini CLI, with a model that plays a script. No network but this machine's own.</summary>
[Trait("Suite", "Deep")]
public sealed class RealGeminiTests : IDisposable
{
    private readonly string home = Directory.CreateTempSubdirectory("sharerpc-gemini-").FullName;
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    private static readonly Dictionary<string, AgentReply[]> Script = new()
    {
        ["First question"] =
        [
            new AgentReply("I look.", "**Planning**\nI plan.", Shell("printf 'one\\ntwo\\n'")),
            new AgentReply("Two lines.", null),
        ],
        ["Second question"] =
        [
            new AgentReply(null, null, Shell("echo no; exit 3"), new AgentCall("no_such_tool", new JsonObject())),
            new AgentReply("It failed.", null),
        ],
        ["Third question"] = [new AgentReply("I wait.", null, Shell("echo begin; sleep 60"))],
        ["Fourth question"] = [new AgentReply("I go on.", null)],
    };

    public void Dispose() => Directory.Delete(home, recursive: true);

    [AgentFact("gemini")]
    public async Task What_the_script_said_is_what_is_shared_over_resumption_and_a_kill_in_the_middle_of_a_tool()
    {
        Assert.Null(AgentPackage.Gemini.WhyNot());
        await using AgentModel model = await AgentModel.StartAsync(Script);
        AgentProgram gemini = AgentProgram.Of("gemini", home, model.Address);
        var followed = new FollowedAgent(() =>
            GeminiStorage.On(new AgentHome(home, Path.Combine(home, "state"), _ => null)));
        using var done = CancellationTokenSource.CreateLinkedTokenSource(timeout);
        Task following = followed.FollowAsync(done.Token);

        await gemini.RunAsync("First question", goesOn: false, timeout);
        await gemini.RunAsync("Second question", goesOn: true, timeout);
        await using (Tool doomed = gemini.Start("Third question", goesOn: true))
        {
            await Until.TrueAsync(() => followed.Shown.Contains("assistant text I wait."), timeout);
            doomed.Kill();
        }

        await gemini.RunAsync("Fourth question", goesOn: true, timeout);
        await done.CancelAsync();
        await following;
        followed.Look();
        Assert.Equal(0, followed.Look());
        Assert.Equal(
            [
                "user text First question", "assistant reasoning **Planning**\n\nI plan.", "assistant text I look.",
                "assistant tool bash completed  one\ntwo", "assistant text Two lines.", "user text Second question",
                "assistant tool bash completed 3 no", "assistant tool no_such_tool error",
                "assistant text It failed.", "user text Third question", "assistant text I wait.",
                "user text Fourth question", "assistant text I go on.",
            ],
            followed.Shown.Select(line => line.StartsWith("assistant tool no_such_tool error", StringComparison.Ordinal)
                ? "assistant tool no_such_tool error" : line));
        Assert.Equal(["completed", "completed", "completed"], followed.Turns);
    }

    private static AgentCall Shell(string command) => AgentProgram.Shell("gemini", command);
}
