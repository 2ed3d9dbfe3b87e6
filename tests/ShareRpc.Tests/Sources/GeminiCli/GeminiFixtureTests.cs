using ShareRpc.Sources.Following;
using ShareRpc.Sources.GeminiCli;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Sources.Following;

namespace ShareRpc.Tests.Sources.GeminiCli;

/// <summary>Every file that the real program wrote, against a reader of other making.</summary>
public sealed class GeminiFixtureTests : IDisposable
{
    private readonly TemporaryDirectory state = new();

    public static TheoryData<string> Scenarios => new(AgentFixtures.Scenarios("gemini-cli").DefaultIfEmpty("none"));

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
            var simple = new SimpleGeminiReader(Path.Combine(home, ".gemini", "tmp"), session.Id);
            Assert.Equal(simple.Prompts, read.Messages.Count(message => message.Text("role") == "user"));
            Assert.Equal(simple.Replies, read.Messages.Count(message => message.Text("role") == "assistant"));
            Assert.Equal(simple.ToolCalls, read.Tools.Count());
            Assert.Equal(
                simple.ToolResults, read.Tools.Count(tool => tool.Text("state", "status") is "completed" or "error"));
            Assert.Equal(simple.Thoughts, read.Parts.Count(part => part.Text("type") == "reasoning"));
            Assert.Equal(simple.Tokens, read.Session.Number("tokens", "total"));
            Assert.Equal(simple.Tokens, read.Messages.Sum(message => message.Number("tokens", "total") ?? 0));
            Assert.Equal(read.Messages.Count(), read.Report.Messages);
            Assert.Equal(read.Parts.Count(), read.Report.Parts);
            Assert.Empty(read.Report.Unknown);
            Assert.DoesNotContain(read.Documents.Values, document =>
                document.GetRawText().Contains("session_context", StringComparison.Ordinal));
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
        var followed = new FollowedFiles(home, "*.jsonl", () => Storage(home));
        followed.AssertSameAsWhole();
        Assert.True(followed.Smallest >= 0, "for a moment, messages were gone");
    }

    [AgentFact]
    public void A_resumed_session_shows_each_message_once_and_keeps_what_lists_leave_out()
    {
        ReadSession read = ReadSession.Whole(Storage(AgentFixtures.Home("gemini-cli-0.61.0/multi-resume")));
        Assert.Equal(
            [
                "user text First turn", "assistant reasoning **Thinking first**",
                "assistant text First answer with `markdown`.",
                "user text Second turn, resume latest", "assistant reasoning **Second thought**",
                "assistant text Before the tool.", "assistant tool bash", "assistant text Second answer.",
                "user text Third turn, resume by id", "assistant text Done, answer number 5.",
            ],
            read.Shown().Select(line => line.Split('\n')[0]));
    }

    [AgentFact]
    public void A_subagent_is_part_of_its_parents_documents()
    {
        ReadSession read = ReadSession.Whole(Storage(AgentFixtures.Home("gemini-cli-0.61.0/subagents")));
        var started = read.Parts.Where(part => part.Text("type") == "subagent").ToList();
        Assert.Equal(3, started.Count);
        Assert.All(started, part =>
        {
            Assert.Equal("completed", part.Text("status"));
            Assert.Equal("generalist", part.Text("name"));
            Assert.Contains("report", part.Text("result"), StringComparison.Ordinal);
            Assert.Contains(read.Messages, message => message.Text("agent_session") == part.Text("agent_session"));
        });
    }

    [AgentFact]
    public void The_file_of_another_start_is_not_another_session()
    {
        IAgentStorage storage = Storage(AgentFixtures.Home("gemini-cli-0.61.0/multi-resume"));
        AgentSession session = Assert.Single(storage.Sessions());
        Assert.EndsWith("00-35-326cc8d3.jsonl", session.Path, StringComparison.Ordinal);
        Assert.Equal(("gemini", "First turn", "/home/dev/project"), (session.Agent, session.Title, session.Directory));
    }

    private GeminiStorage Storage(string home) => GeminiStorage.On(new AgentHome(home, state.Path, _ => null))!;
}
