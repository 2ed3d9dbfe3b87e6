using System.Text.Json;
using ShareRpc.Sources.Following;
using ShareRpc.Tests.Sources.Following;

namespace ShareRpc.Tests.Sources.ClaudeCode;

public sealed class ClaudeSubagentTests : IDisposable
{
    private readonly ClaudeHome home = new();

    public void Dispose() => home.Dispose();

    [Fact]
    public void A_subagents_transcript_is_documents_of_the_session_and_named_where_it_was_started()
    {
        Start();
        var read = new ReadSession();
        home.Follow(read);
        Assert.Null(Subagent(read).Text("agent_session"));

        Transcript agent = WriteSubagent();
        home.Follow(read);
        Assert.Equal(("a01", "running"), (Subagent(read).Text("agent_session"), Subagent(read).Text("status")));
        Assert.Equal(2, read.Messages.Count(message => message.Text("agent_session") == "a01"));

        agent.Reply("end_turn", Transcript.Text("Two files."));
        home.Transcript.Result("call-1", "Two files.");
        home.Follow(read);
        Assert.Equal(("completed", "Two files."), (Subagent(read).Text("status"), Subagent(read).Text("result")));
        Assert.Equal(3, read.Messages.Count(message => message.Text("agent_session") == "a01"));
        Assert.Equal(4 * 116, read.Session.Number("tokens", "total"));
        Assert.Equal(2, read.Documents.Keys.Count(key => key.Kind == "turn"));
        read.AssertSame(home.Read());
    }

    [Fact]
    public void What_a_subagent_did_is_undone_with_what_started_it()
    {
        string begin = Start();
        WriteSubagent();
        home.Transcript.Result("call-1", "Two files.");
        var read = new ReadSession();
        home.Follow(read);
        string end = home.Transcript.Reply("end_turn", Transcript.Text("done"));
        home.Transcript.Leaf = begin;
        home.Transcript.Prompt("Another way");
        home.Follow(read);
        string[] undone =
            [.. read.Messages.Where(message => message.IsTrue("undone")).Select(message => message.Text("id")!)];
        Assert.Equal(["a01-m0000001", "a01-m0000002", "m0000003", "m0000004", "m0000005"], undone.Order());
        Assert.All(read.Parts, part => Assert.Equal(undone.Contains(part.Text("messageID")), part.IsTrue("undone")));
        read.AssertSame(home.Read());

        home.Transcript.Leaf = end;
        home.Transcript.Prompt("Back");
        home.Follow(read);
        Assert.DoesNotContain(read.Messages, message => message.IsTrue("undone") && message.Text("id") != "m0000006");
        read.AssertSame(home.Read());
    }

    [Fact]
    public void A_conversation_of_a_subagent_in_the_same_file_is_told_by_its_prompt()
    {
        Start();
        Transcript written = home.Transcript;
        string leaf = written.Leaf!;
        written.Leaf = null;
        var aside = new Transcript(written.Path) { IsAside = true };
        aside.Prompt("Look around");
        aside.Reply("end_turn", Transcript.Text("Two files."));
        written.Leaf = leaf;
        written.Result("call-1", "Two files.");
        ReadSession read = home.Read();
        JsonElement subagent = Subagent(read);
        Assert.Equal("completed", subagent.Text("status"));
        Assert.Equal(2, read.Messages.Count(message =>
            message.Text("agent_session") is { } agent && agent == subagent.Text("agent_session")));
        Assert.DoesNotContain(read.Messages, message => message.IsTrue("undone"));
    }

    private static JsonElement Subagent(ReadSession read) =>
        read.Parts.Single(part => part.Text("type") == "subagent");

    /// <summary>Writes two turns, the second of which starts a subagent; returns the end of the first.</summary>
    private string Start()
    {
        home.Transcript.Prompt("First");
        string end = home.Transcript.Reply("end_turn", Transcript.Text("yes"));
        home.Transcript.Prompt("Delegate");
        home.Transcript.Reply("tool_use", Transcript.Use("call-1", "Agent", ("prompt", "Look around")));
        return end;
    }

    private Transcript WriteSubagent()
    {
        string folder = Path.Combine(home.SessionFolder, "subagents");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "agent-a01.meta.json"), """{"toolUseId":"call-1"}""");
        var agent = new Transcript(Path.Combine(folder, "agent-a01.jsonl")) { Agent = "a01" };
        agent.Prompt("Look around");
        agent.Reply(null, Transcript.Text("Looking."));
        return agent;
    }
}
