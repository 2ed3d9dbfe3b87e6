using ShareRpc.Sources.ClaudeCode;
using ShareRpc.Sources.Following;
using ShareRpc.Tests.Sources.Following;

namespace ShareRpc.Tests.Sources.ClaudeCode;

public sealed class ClaudeStorageTests : IDisposable
{
    private readonly ClaudeHome home = new();

    public void Dispose() => home.Dispose();

    [Fact]
    public void Sessions_are_listed_newest_first_with_names_and_folders_from_their_lines()
    {
        home.Transcript.Prompt("First prompt\nmore");
        Transcript other = Other("second");
        other.Plain("summary", ("summary", "A summary"));
        other.Prompt("Second prompt");
        other.Plain("agent-name", ("agentName", "A name"));
        Transcript named = Other("third");
        named.Prompt("Third prompt");
        named.Plain("custom-title", ("customTitle", "A title"));
        for (int i = 0; i < 3; i++)
            named.Reply("end_turn", Transcript.Text(new string('x', 50_000)));
        named.Plain("custom-title", ("customTitle", "A later title"));
        Other("agent-a01").Prompt("A subagent of an old version");
        Other("empty").Plain("mode", ("mode", "normal"));
        DateTime newest = File.GetLastWriteTimeUtc(named.Path);
        File.SetLastWriteTimeUtc(home.Transcript.Path, newest.AddHours(-2));
        File.SetLastWriteTimeUtc(other.Path, newest.AddHours(-1));
        IReadOnlyList<AgentSession> sessions = home.Storage.Sessions();
        Assert.Equal([("third", "A later title"), ("second", "A name"), (home.Session, "First prompt")],
            sessions.Select(session => (session.Id, session.Title)));
        Assert.All(sessions, session => Assert.Equal(("/home/dev/project", "2.1.332", "claude"),
            (session.Directory, session.AgentVersion, session.Agent)));
    }

    [Fact]
    public void A_transcript_is_looked_into_again_only_when_it_changed()
    {
        home.Transcript.Prompt("Before");
        DateTime written = File.GetLastWriteTimeUtc(home.Transcript.Path);
        Assert.Equal("Before", home.Storage.Sessions().Single().Title);
        string changed = File.ReadAllText(home.Transcript.Path).Replace("Before", "Behind", StringComparison.Ordinal);
        File.WriteAllText(home.Transcript.Path, changed);
        File.SetLastWriteTimeUtc(home.Transcript.Path, written);
        Assert.Equal("Before", home.Storage.Sessions().Single().Title);
        File.SetLastWriteTimeUtc(home.Transcript.Path, written.AddSeconds(1));
        Assert.Equal("Behind", home.Storage.Sessions().Single().Title);
    }

    [Fact]
    public void A_session_is_as_new_as_what_its_subagents_write()
    {
        home.Transcript.Prompt("Go");
        AgentSession before = home.Storage.Sessions().Single();
        string folder = Path.Combine(home.SessionFolder, "subagents");
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, "agent-a01.jsonl");
        new Transcript(path) { Agent = "a01" }.Prompt("Look");
        File.SetLastWriteTimeUtc(path, before.Updated.UtcDateTime.AddMinutes(1));
        AgentSession after = home.Storage.Sessions().Single();
        Assert.Equal(before.Updated.AddMinutes(1), after.Updated);
        Assert.True(after.Size > before.Size);
    }

    [Fact]
    public void Files_of_which_none_can_be_placed_are_an_error_that_names_the_folder()
    {
        File.WriteAllText(home.Transcript.Path, "{\"kind\":\"of another world\"}\n");
        var error = Assert.Throws<UnknownStorageException>(() => home.Storage.Sessions());
        Assert.Contains(".claude/projects", error.Message, StringComparison.Ordinal);
        Other("known").Prompt("Known");
        Assert.Equal("known", home.Storage.Sessions().Single().Id);
    }

    [Fact]
    public void A_folder_that_the_variable_names_is_read_and_none_is_no_storage()
    {
        home.Transcript.Prompt("Here");
        string config = Path.Combine(home.Home, ".claude");
        Assert.Single(ClaudeStorage.On(new AgentHome("/nowhere", home.State, name =>
            name == "CLAUDE_CONFIG_DIR" ? config : null))!.Sessions());
        Assert.Null(ClaudeStorage.On(new AgentHome("/nowhere", home.State, _ => null)));
    }

    [Fact]
    public void A_fork_names_the_session_whose_lines_it_repeats()
    {
        home.Transcript.Plain("queue-operation", ("timestamp", "2026-11-30T07:00:00Z"));
        home.Transcript.Prompt("Base");
        File.WriteAllText(Path.Combine(home.Project, "fork.jsonl"),
            "{\"type\":\"queue-operation\",\"timestamp\":\"2026-11-30T09:00:00Z\"}\n"
            + File.ReadAllLines(home.Transcript.Path)[1] + "\n");
        IAgentStorage storage = home.Storage;
        Assert.Equal(2, storage.Sessions().Count);
        Assert.Equal(home.Session, ReadSession.Whole(storage, "fork").Session.Text("fork", "session"));
        Assert.Null(ReadSession.Whole(storage, home.Session).Session.Text("fork", "session"));
    }

    private Transcript Other(string name) => new(Path.Combine(home.Project, $"{name}.jsonl"));
}
