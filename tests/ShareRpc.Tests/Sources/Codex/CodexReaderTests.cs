using System.Text.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Following;
using ShareRpc.Tests.Sources.Following;

namespace ShareRpc.Tests.Sources.Codex;

public sealed class CodexReaderTests : IDisposable
{
    private readonly CodexHome home = new();

    public void Dispose() => home.Dispose();

    [Fact]
    public void A_text_that_is_an_event_and_an_item_is_shown_once_in_either_order_also_twice_the_same()
    {
        home.Begin().Turn("t1", "go on", "ok").Turn("t2", "go on", "ok")
            .Event("user_message", new { message = "first the event" })
            .Item("message", new { role = "user", content = new[] { new { text = "first the event" } } });
        Assert.Equal(
            [
                "user text go on", "assistant text ok", "user text go on", "assistant text ok",
                "user text first the event",
            ],
            Read().Shown());
    }

    [Fact]
    public void Items_without_an_envelope_and_without_events_are_read()
    {
        home.Begin();
        File.WriteAllText(home.File, """
            {"id":"old","timestamp":"2025-05-01T00:00:00Z","instructions":null}
            {"record_type":"state"}
            {"type":"message","role":"user","content":[{"type":"input_text","text":"question"}]}
            {"type":"reasoning","summary":[{"type":"summary_text","text":"thought"}]}
            {"type":"function_call","name":"shell","arguments":"{\"command\":[\"bash\",\"-lc\",\"ls\"]}","call_id":"c"}
            {"type":"function_call_output","call_id":"c","output":"{\"output\":\"a\",\"metadata\":{\"exit_code\":2}}"}
            {"type":"message","role":"assistant","content":[{"type":"output_text","text":"answer"}]}

            """);
        ReadSession read = Read();
        Assert.Equal(
            ["user text question", "assistant reasoning thought", "assistant tool bash", "assistant text answer"],
            read.Shown());
        JsonElement tool = Assert.Single(read.Tools);
        Assert.Equal("ls", tool.Text("state", "input", "command"));
        Assert.Equal(("a", 2L), (tool.Text("state", "output"), tool.Number("state", "metadata", "exit")));
        Assert.Empty(read.Report.Unknown);
    }

    [Fact]
    public void A_rollback_marks_what_it_takes_back_also_when_that_was_read_before()
    {
        home.Begin().Turn("t1", "one", "1").Turn("t2", "two", "2").Turn("t3", "three", "3");
        var followed = new ReadSession();
        followed.Pass(home.Storage);
        home.Event("thread_rolled_back", new { num_turns = 1 }).Turn("t4", "four", "4");
        followed.Pass(home.Storage);
        home.Event("thread_rolled_back", new { num_turns = 2 }).Turn("t5", "five", "5");
        followed.Pass(home.Storage);
        string[] expected =
        [
            "user text one", "assistant text 1", "user undone text two", "assistant undone text 2",
            "user undone text three", "assistant undone text 3", "user undone text four", "assistant undone text 4",
            "user text five", "assistant text 5",
        ];
        Assert.Equal(expected, followed.Shown());
        Assert.Equal(expected, Read().Shown());
        Assert.All(followed.Messages, message => Assert.Equal(
            message.IsTrue("undone"), followed.PartsOf(message).All(part => part.IsTrue("undone"))));
    }

    [Fact]
    public void What_is_undone_is_never_put_as_if_it_were_not_when_the_rollback_is_there_at_the_first_look()
    {
        home.Begin().Turn("t1", "one", "1").Turn("t2", "canary", "canary")
            .Event("thread_rolled_back", new { num_turns = 1 });
        using ISessionReader reader = home.Storage.Open(home.Storage.Sessions()[0], null);
        Assert.DoesNotContain(reader.Read().SelectMany(step => step.Changes), change =>
            change.Data is { } data && data.ToString().Contains("canary", StringComparison.Ordinal)
            && !data.ToString().Contains("\"undone\":true", StringComparison.Ordinal));
    }

    [Fact]
    public void A_revert_makes_another_file_the_live_one_and_marks_the_rest_of_the_older()
    {
        Paginated("one", 1).Segment("seg", CodexHome.Thread, 4);
        string[] expected = ["user text one.1", "user undone text one.2", "user text again"];
        Assert.Equal(expected, Read().Shown());
    }

    [Fact]
    public void A_revert_of_what_was_read_marks_it()
    {
        var followed = new ReadSession();
        Segments paginated = Paginated("one", 1);
        followed.Pass(home.Storage);
        paginated.Segment("seg", CodexHome.Thread, 4);
        followed.Pass(home.Storage);
        Assert.Equal(["user text one.1", "user undone text one.2", "user text again"], followed.Shown());
        followed.AssertSame(Read());
    }

    [Fact]
    public void A_fork_reads_its_parent_up_to_where_it_began_and_the_parents_parent()
    {
        Paginated("one", 1);
        string child = "01a00000-0000-7000-8000-000000000002";
        string grandchild = "01a00000-0000-7000-8000-000000000003";
        home.Begin(child, null, Meta(CodexHome.Thread, 4, forked: true)).Raw(User("child.1", 4))
            .Raw(User("child.2", 5));
        home.Begin(grandchild, null, Meta(child, 5, forked: true)).Raw(User("grandchild", 6));
        ReadSession read = ReadSession.Whole(home.Storage, grandchild);
        Assert.Equal(["user text one.1", "user text child.1", "user text grandchild"], read.Shown());
        Assert.Equal(child, read.Session.Text("fork", "session"));
    }

    [Fact]
    public void A_file_that_names_itself_or_a_lost_one_as_its_beginning_ends()
    {
        home.Begin(CodexHome.Thread, null, Meta(CodexHome.Thread, 9, forked: false)).Raw(User("one", 1));
        home.Begin("other", null, Meta("lost", 9, forked: true)).Raw(User("two", 9));
        Assert.Equal(["system notice lost_parent", "user text one"],
            ReadSession.Whole(home.Storage, CodexHome.Thread).Shown());
        Assert.Equal(["system notice lost_parent", "user text two"], ReadSession.Whole(home.Storage, "other").Shown());
    }

    [Fact]
    public void A_file_that_is_compressed_and_plain_again_is_the_same_file()
    {
        home.Begin().Turn("t1", "one", "1");
        var read = new ReadSession();
        read.Pass(home.Storage);
        string plain = home.File;
        string[] before = [.. read.Shown()];
        byte[] content = File.ReadAllBytes(plain);
        using (var compressor = new ZstdSharp.Compressor())
            File.WriteAllBytes(plain + ".zst", compressor.Wrap(content).ToArray());
        Assert.Equal(0, read.Pass(home.Storage)); // both are there for a moment
        File.Delete(plain);
        Assert.Equal(0, read.Pass(home.Storage));
        Assert.Equal(before, Read().Shown());
        Assert.Equal("one", home.Storage.Sessions()[0].Title);
        File.WriteAllBytes(plain, content);
        File.Delete(plain + ".zst");
        home.Turn("t2", "two", "2");
        read.Pass(home.Storage);
        Assert.Equal([.. before, "user text two", "assistant text 2"], read.Shown());
    }

    [Fact]
    public void A_file_that_moves_to_the_archive_is_the_same_file()
    {
        home.Begin().Turn("t1", "one", "1");
        var read = new ReadSession();
        read.Pass(home.Storage);
        string archived = Path.Combine(home.Folder, "archived_sessions", Path.GetFileName(home.File));
        Directory.CreateDirectory(Path.GetDirectoryName(archived)!);
        File.Move(home.File, archived);
        Assert.Equal(0, read.Pass(home.Storage));
    }

    [Fact]
    public void A_truncated_and_a_replaced_file_are_read_again_and_what_is_gone_is_removed()
    {
        home.Begin().Turn("t1", "one", "1");
        long length = new FileInfo(home.File).Length;
        home.Turn("t2", "two", "2");
        var read = new ReadSession();
        read.Pass(home.Storage);
        using (FileStream file = File.OpenWrite(home.File)) file.SetLength(length);
        read.Pass(home.Storage);
        Assert.Equal(["user text one", "assistant text 1"], read.Shown());
        File.Delete(home.File);
        home.Begin().Turn("t1", "other and longer than before, so that the length says nothing", "3");
        File.Move(home.File, Directory.GetFiles(Path.GetDirectoryName(home.File)!)[0], overwrite: true);
        read.Pass(home.Storage);
        Assert.Equal(2, read.Messages.Count());
        Assert.Contains("assistant text 3", read.Shown());
    }

    [Fact]
    public void A_killed_turn_is_aborted_when_the_next_begins_and_its_call_keeps_its_place()
    {
        home.Begin().Event("task_started", new { turn_id = "t1" }).Event("user_message", new { message = "one" })
            .Item("function_call", new { name = "exec_command", arguments = """{"cmd":"sleep 9"}""", call_id = "c" });
        var read = new ReadSession();
        read.Pass(home.Storage);
        Assert.Equal("running", Assert.Single(read.Tools).Text("state", "status"));
        Assert.Equal("streaming", State(read));
        home.Event("task_started", new { turn_id = "t2" });
        read.Pass(home.Storage);
        Assert.Equal("aborted", State(read));
        home.Event("exec_command_end", new { call_id = "c", exit_code = 0, aggregated_output = "late" });
        read.Pass(home.Storage);
        JsonElement tool = Assert.Single(read.Tools);
        Assert.Equal(("completed", "late"), (tool.Text("state", "status"), tool.Text("state", "output")));
        Assert.Equal("sleep 9", tool.Text("state", "input", "command"));
    }

    [Fact]
    public void Records_of_unknown_types_become_notices_and_are_counted()
    {
        home.Begin().Turn("t1", "one", "1").Line("new_line", new { a = 1 }).Event("new_event").Item("new_item")
            .Event("item_completed", new { item = new { type = "NewItem", id = "i" } }).Raw("not JSON\n[1]\n\n");
        ReadSession read = Read();
        Assert.Equal(
            ["NewItem", "new_event", "new_item", "new_line", "not JSON", "not JSON"],
            read.Parts.Where(part => part.Text("type") == "notice").Select(part => part.Text("record"))
                .Order(StringComparer.Ordinal));
        Assert.Equal(2, read.Report.Unknown["not JSON"]);
        Assert.Equal(1, read.Report.Unknown["new_line"]);
    }

    [Fact]
    public void Hostile_records_neither_fail_nor_hide_what_follows()
    {
        string deep = string.Concat(Enumerable.Repeat("{\"a\":", 60)) + "1" + new string('}', 60);
        string tooDeep = string.Concat(Enumerable.Repeat("[", 500)) + new string(']', 500);
        home.Begin().Event("task_started", new { turn_id = "t" })
            .Item("function_call", new { name = "x", arguments = deep, call_id = "deep" })
            .Item("function_call", new { name = "exec_command", arguments = "{broken", call_id = "broken" })
            .Item("function_call_output", new { call_id = "nobody", output = "lost" })
            .Raw($$"""{"type":"response_item","payload":{{tooDeep}}}""" + "\n")
            .Raw("""{"timestamp":5,"type":["x"],"payload":{"type":{}}}""" + "\n")
            .Raw("""{"timestamp":"9999-12-31T23:59:59Z","type":"event_msg","payload":{"type":{}}}""" + "\n")
            .RawEvent("""{"type":"agent_message","message":"lone \ud800 \\ud800 \ud83d\ude00 \udc00"}""")
            .RawEvent("""{"type":"token_count","info":{"total_token_usage":"x"}}""")
            .RawEvent("""{"type":"item_completed","item":{"type":"FileChange","id":"f","changes":{"\ud800":5}}}""");
        using (FileStream file = File.Open(home.File, FileMode.Append))
            file.Write([0x22, 0xff, 0xfe, 0x0a, 0x00, 0x0a]);
        home.Event("agent_message", new { message = "the end" });
        ReadSession read = Read();
        Assert.Contains("assistant text lone \uFFFD \\ud800 \U0001F600 \uFFFD", read.Shown());
        Assert.Equal("assistant text the end", read.Shown().Last());
        Assert.Equal(3, read.Tools.Count(tool => tool.Text("tool") is "x" or "exec_command" or "tool"));
    }

    [Fact]
    public void The_bookmark_stays_small_however_many_lines_there_are()
    {
        home.Begin();
        for (int turn = 0; turn < 300; turn++)
        {
            home.Turn($"t{turn}", $"question {turn}", $"answer {turn}");
            home.Item("function_call", new { name = "exec_command", arguments = "{}", call_id = $"c{turn}" });
        }

        ReadSession read = Read();
        Assert.Equal(300, read.Tools.Count());
        Assert.InRange(read.Bookmark!.Length, 1, 40_000);
    }

    [Fact]
    public void A_history_mode_that_is_not_known_is_refused_by_its_name()
    {
        home.Begin(meta: new { history_mode = "holographic", cli_version = "9.9.9" });
        AgentSession session = Assert.Single(home.Storage.Sessions());
        var error = Assert.Throws<UnknownStorageException>(() => home.Storage.Open(session, null));
        Assert.Contains("holographic", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_of_which_none_begins_as_expected_are_refused_and_an_empty_folder_is_not()
    {
        home.Begin();
        File.WriteAllText(home.File, "{\"schema\":7}\n");
        Assert.Throws<UnknownStorageException>(() => home.Storage.Sessions());
        File.Delete(home.File);
        Assert.Empty(home.Storage.Sessions());
    }

    [AgentFact]
    public void A_subagent_is_part_of_its_parents_documents_and_no_session_of_its_own()
    {
        using var state = new Fakes.TemporaryDirectory();
        IAgentStorage storage = ShareRpc.Sources.Codex.CodexStorage.On(
            new AgentHome(AgentFixtures.Home("codex-0.171.0/subagents-v1"), state.Path, _ => null))!;
        AgentSession session = Assert.Single(storage.Sessions());
        ReadSession read = ReadSession.Whole(storage, session.Id);
        JsonElement started = Assert.Single(read.Parts, part => part.Text("type") == "subagent");
        Assert.Equal(("Ohm", "completed", "Sub report."),
            (started.Text("name"), started.Text("status"), started.Text("result")));
        Assert.StartsWith("Look around.", started.Text("prompt"), StringComparison.Ordinal);
        Assert.Equal(3, read.Messages.Count(message =>
            message.Text("agent_session") == started.Text("agent_session")));
    }

    [Fact]
    public void A_fork_whose_parent_is_gone_says_so_until_it_is_back()
    {
        Paginated("parent", 1);
        string parent = home.File;
        home.Begin("child", null, Meta(CodexHome.Thread, 4, forked: true)).Raw(User("child.1", 4));
        string away = parent + ".away";
        File.Move(parent, away);
        var read = new ReadSession();
        read.Pass(home.Storage, "child");
        Assert.Equal(["system notice lost_parent", "user text child.1"], read.Shown());
        JsonElement notice = read.Parts.Single(part => part.Text("type") == "notice");
        Assert.Equal(("lost_parent", $"session {CodexHome.Thread}"), (notice.Text("record"), notice.Text("detail")));
        Assert.Equal([$"session {CodexHome.Thread}"], read.Report.Lost!.Keys);
        Assert.Equal((read.Messages.Count(), read.Parts.Count()), (read.Report.Messages, read.Report.Parts));

        File.Move(away, parent);
        read.Pass(home.Storage, "child");
        Assert.DoesNotContain(read.Parts, part => part.Text("type") == "notice");
        Assert.Null(read.Report.Lost);
        read.AssertSame(ReadSession.Whole(home.Storage, "child"));
    }

    private static string? State(ReadSession read) => read.Documents
        .Where(entry => entry.Key.Kind == Kinds.Turn).Select(entry => entry.Value.Text("state")).Single();

    private ReadSession Read() => ReadSession.Whole(home.Storage);

    private Segments Paginated(string name, long first) => new(home, name, first);

    private static object Meta(string thread, long end, bool forked) => new
    {
        history_mode = "paginated", forked_from_id = forked ? thread : null,
        history_base = new { thread_id = thread, end_ordinal_exclusive = end, end_byte_offset = 1_000_000 },
    };

    private static string User(string text, long ordinal) => JsonSerializer.Serialize(new
    {
        timestamp = $"2026-11-30T11:00:00.{ordinal:D3}Z", ordinal, type = "event_msg",
        payload = new
        {
            type = "item_completed",
            item = new { type = "UserMessage", id = text, content = new[] { new { type = "text", text } } },
        },
    }) + "\n";

    /// <summary>Two messages of a thread in the newer generation.</summary>
    private sealed class Segments
    {
        private readonly CodexHome home;

        public Segments(CodexHome home, string name, long first)
        {
            this.home = home;
            home.Begin(meta: new { history_mode = "paginated" }).Raw(User($"{name}.1", first + 2))
                .Raw(User($"{name}.2", first + 3));
        }

        public void Segment(string segment, string thread, long end) =>
            home.Begin(thread, segment, Meta(thread, end, forked: false)).Raw(User("again", end + 1));
    }
}
