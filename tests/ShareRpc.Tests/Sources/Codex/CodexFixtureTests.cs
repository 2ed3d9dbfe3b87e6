using ShareRpc.Sources.Codex;
using ShareRpc.Sources.Following;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Sources.Following;

namespace ShareRpc.Tests.Sources.Codex;

/// <summary>Every file that the real program wrote, against a reader of other making.</summary>
public sealed class CodexFixtureTests : IDisposable
{
    private readonly TemporaryDirectory state = new();

    public static TheoryData<string> Scenarios => new(AgentFixtures.Scenarios("codex").DefaultIfEmpty("none"));

    public void Dispose() => state.Dispose();

    [AgentTheory]
    [MemberData(nameof(Scenarios))]
    public void Counts_equal_those_of_an_independent_reader(string scenario)
    {
        string home = AgentFixtures.Home(scenario);
        IAgentStorage storage = Storage(home);
        Assert.NotEmpty(storage.Sessions());
        foreach (AgentSession session in storage.Sessions())
        {
            ReadSession read = ReadSession.Whole(storage, session.Id);
            var simple = new SimpleCodexReader(Path.Combine(home, ".codex"), session.Id);
            Assert.Equal(simple.UserMessages, read.Messages.Count(message => message.Text("role") == "user"));
            Assert.Equal(simple.AgentTexts, read.Messages.Where(message => message.Text("role") == "assistant")
                .SelectMany(read.PartsOf).Count(part => part.Text("type") == "text"));
            Assert.Equal(simple.ToolCalls, read.Tools.Count());
            Assert.Equal(
                simple.ToolResults, read.Tools.Count(tool => tool.Text("state", "status") is "completed" or "error"));
            Assert.Equal(simple.Tokens, read.Session.Number("tokens", "total"));
            Assert.Equal(simple.Tokens, read.Messages.Sum(message => message.Number("tokens", "total") ?? 0));
            Assert.Equal(read.Messages.Count(), read.Report.Messages);
            Assert.Equal(read.Parts.Count(), read.Report.Parts);
            Assert.Empty(read.Report.Unknown);
            Assert.DoesNotContain(read.Documents.Values, document => Added(document.GetRawText()));
            Assert.All(read.Parts, part => Assert.Contains(read.Messages, message =>
                message.Text("id") == part.Text("messageID")));
        }
    }

    [AgentTheory]
    [MemberData(nameof(Scenarios))]
    public void A_second_pass_adds_nothing_and_one_stopped_after_each_step_ends_the_same(string scenario)
    {
        IAgentStorage storage = Storage(AgentFixtures.Home(scenario));
        foreach (AgentSession session in storage.Sessions())
        {
            ReadSession whole = ReadSession.Whole(storage, session.Id);
            Assert.Equal(0, whole.Pass(storage, session.Id));
            var killed = new ReadSession();
            while (killed.Pass(storage, session.Id, steps: 1) > 0)
            {
            }

            killed.AssertSame(whole);
        }
    }

    [AgentTheory]
    [MemberData(nameof(Scenarios))]
    public void A_session_that_is_followed_line_by_line_ends_as_one_that_is_read_at_once(string scenario)
    {
        using var copy = new TemporaryDirectory();
        string home = AgentFixtures.Copy(scenario, copy.Path);
        new FollowedFiles(home, "rollout-*.jsonl", () => Storage(home)).AssertSameAsWhole();
    }

    /// <summary>Returns whether a document has what Codex tells the model.</summary>
    private static bool Added(string json) => json.Contains("environment_context", StringComparison.Ordinal)
        || json.Contains("vendor text cut", StringComparison.Ordinal)
        || json.Contains("encrypted_content", StringComparison.Ordinal);

    private CodexStorage Storage(string home) => CodexStorage.On(new AgentHome(home, state.Path, _ => null))!;
}
