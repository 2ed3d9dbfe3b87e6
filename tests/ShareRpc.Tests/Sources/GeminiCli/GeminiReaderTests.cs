using System.Text.Json;
using ShareRpc.Sources.Following;
using ShareRpc.Sources.GeminiCli;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Sources.Following;

namespace ShareRpc.Tests.Sources.GeminiCli;

public sealed class GeminiReaderTests : IDisposable
{
    private const string Header =
        """{"sessionId":"s1","projectHash":"h","startTime":"2026-11-30T10:00:00Z","kind":"main"}""";

    private const string Context =
        """{"$set":{"messages":[{"id":"c","type":"user","content":[{"text":"<session_context>\nx"}]}]}}""";

    private readonly TemporaryDirectory home = new();
    private readonly string file;
    private int second;

    public GeminiReaderTests()
    {
        string project = Path.Combine(home.Path, ".gemini", "tmp", "project");
        file = Path.Combine(project, "chats", "session-2026-11-30T10-00-s1.jsonl");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(Path.Combine(project, ".project_root"), "/home/dev/project");
    }

    private GeminiStorage Storage => GeminiStorage.On(new AgentHome(home.Path, home["state"], _ => null))!;

    public void Dispose() => home.Dispose();

    [Fact]
    public void A_rewind_marks_the_message_and_all_later_ones()
    {
        Write(Header, Context, User("u1", "one"), Model("m1", "1"), User("u2", "two"), Model("m2", "2"));
        var read = new ReadSession();
        read.Pass(Storage);
        Write("""{"$rewindTo":"u2"}""", User("u3", "three"), Model("m3", "3"));
        read.Pass(Storage);
        string[] expected =
        [
            "user text one", "assistant text 1", "user undone text two", "assistant undone text 2", "user text three",
            "assistant text 3",
        ];
        Assert.Equal(expected, read.Shown());
        read.AssertSame(ReadSession.Whole(Storage));
        Write("""{"$rewindTo":"nobody"}""");
        read.Pass(Storage);
        Assert.All(read.Messages, message => Assert.True(message.IsTrue("undone")));
    }

    [Fact]
    public void A_list_with_other_ids_shows_nothing_twice_and_takes_nothing_away()
    {
        Write(Header, Context, User("u1", "go on"), Model("m1", "1"), User("u2", "go on"), Model("m2", "2"));
        var read = new ReadSession();
        read.Pass(Storage);
        string[] before = [.. read.Shown()];
        Write(Header, Context, """{"$set":{"sessionId":"s1"}}""", List(
            ("c", "user", "<session_context>\nx"), ("n1", "user", "<state_snapshot>summary"),
            ("n2", "gemini", "Got it."), ("n3", "user", "go on"), ("n4", "gemini", "2")));
        read.Pass(Storage);
        Assert.Equal([.. before, "assistant compaction <state_snapshot>summary"], read.Shown());
        Write(List(
            ("k1", "user", "<state_snapshot>summary"), ("k2", "gemini", "Got it."), ("k3", "user", "go on"),
            ("k4", "gemini", "2")), User("u3", "three"));
        read.Pass(Storage);
        Assert.Equal([.. before, "assistant compaction <state_snapshot>summary", "user text three"], read.Shown());
        Write(Model("k4", "2, and more"));
        read.Pass(Storage);
        Assert.Contains("assistant text 2, and more", read.Shown());
        Assert.DoesNotContain("assistant text 2", read.Shown());
        read.AssertSame(ReadSession.Whole(Storage));
    }

    [Fact]
    public void A_reply_that_is_written_again_with_its_calls_stays_one_message()
    {
        Write(Header, User("u1", "one"), Model("m1", "text"));
        var read = new ReadSession();
        read.Pass(Storage);
        const string call = """
            {"id":"t","name":"run_shell_command","args":{"command":"ls"},"status":"success","resultDisplay":"a",
            "result":[{"functionResponse":{"id":"t","response":{"output":"Output: a\nExit Code: 3\n"}}}]}
            """;
        Write(Model("m1", "text", $"[{call.ReplaceLineEndings("")}]"), """
            {"id":"r","type":"user","content":[{"functionResponse":{"id":"t","response":{"output":"a"}}}]}
            """);
        read.Pass(Storage);
        Assert.Equal(["user text one", "assistant text text", "assistant tool bash"], read.Shown());
        JsonElement tool = Assert.Single(read.Tools);
        Assert.Equal(("a", 3L), (tool.Text("state", "output"), tool.Number("state", "metadata", "exit")));
        Assert.Equal(10, read.Session.Number("tokens", "total"));
    }

    [Fact]
    public void The_older_form_is_one_document_and_goes_on_in_lines_under_the_same_ids()
    {
        string whole = Path.ChangeExtension(file, ".json");
        File.WriteAllText(whole, Whole(User("u1", "one"), Model("m1", "1"), User("u2", "two")));
        var read = new ReadSession();
        read.Pass(Storage);
        Assert.Equal(["user text one", "assistant text 1", "user text two"], read.Shown());
        File.WriteAllText(whole, Whole(User("u1", "one"), Model("m1", "1 and more")));
        read.Pass(Storage);
        Assert.Equal(["user text one", "assistant text 1 and more"], read.Shown());
        Assert.Equal((2, 2), (read.Report.Messages, read.Report.Parts));
        Write(Header, User("u1", "one"), Model("m1", "1 and more"), User("u3", "three"));
        read.Pass(Storage);
        Assert.Equal(["user text one", "assistant text 1 and more", "user text three"], read.Shown());
        read.AssertSame(ReadSession.Whole(Storage));
    }

    [Fact]
    public void A_truncated_and_a_replaced_file_are_read_again_and_what_is_gone_is_removed()
    {
        Write(Header, User("u1", "one"), Model("m1", "1"));
        long length = new FileInfo(file).Length;
        Write(User("u2", "two"), List(("u2", "user", "two"), ("x", "user", "new"), ("y", "gemini", "newer")));
        var read = new ReadSession();
        read.Pass(Storage);
        Assert.Equal(5, read.Messages.Count());
        using (FileStream stream = File.OpenWrite(file)) stream.SetLength(length);
        read.Pass(Storage);
        Assert.Equal(["user text one", "assistant text 1"], read.Shown());
        File.Delete(file);
        Write(Header, User("u9", "quite another beginning, and longer"), Model("m9", "9"), User("u8", "more"));
        read.Pass(Storage);
        Assert.Equal(3, read.Messages.Count());
        Assert.Equal(ReadSession.Whole(Storage).Shown(), read.Shown());
    }

    [Fact]
    public void Records_that_are_not_known_or_hostile_become_notices()
    {
        Write(Header, User("u1", "one"), "not JSON", """{"what":1}""",
            """{"id":"z","timestamp":"2026-11-30T10:01:00Z","type":"hologram","content":5}""",
            """{"id":"e","timestamp":"2026-11-30T10:02:00Z","type":"error","content":"it failed"}""",
            """{"id":"l","timestamp":"x","type":"gemini","content":[{"text":"lone \ud800"},7],"tokens":"x"}""",
            """{"id":"k","type":"gemini","toolCalls":[5,{}]}""",
            """{"$set":{"messages":[5,{"id":7}]}}""", """{"$set":[]}""", """{"$rewindTo":5}""");
        ReadSession read = ReadSession.Whole(Storage);
        Assert.Equal(1, read.Report.Unknown["not JSON"]);
        Assert.Equal(1, read.Report.Unknown["hologram"]);
        Assert.Contains(read.Parts, part => part.Text("record") == "error" && part.Text("detail") == "it failed");
        Assert.Contains(read.Parts, part => part.Text("text") == "lone \uFFFD");
    }

    [Fact]
    public void A_session_in_which_nothing_was_said_is_not_listed_and_a_file_of_another_start_is_merged()
    {
        Write(Header, User("u1", "one"), Model("m1", "1"));
        string stray = file.Replace("10-00-s1", "10-07-s1", StringComparison.Ordinal);
        File.WriteAllLines(stray, [Header.Replace("10:00:00", "10:07:00", StringComparison.Ordinal), Context]);
        string silent = file.Replace("10-00-s1", "10-08-s2", StringComparison.Ordinal);
        File.WriteAllLines(silent, [Header.Replace("s1", "s2", StringComparison.Ordinal)]);
        AgentSession session = Assert.Single(Storage.Sessions());
        Assert.Equal((file, "one", "/home/dev/project"), (session.Path, session.Title, session.Directory));
        Assert.Equal(["user text one", "assistant text 1"], ReadSession.Whole(Storage).Shown());
    }

    [Fact]
    public void Files_of_which_none_begins_as_expected_are_refused()
    {
        Write("""{"schema":7}""");
        Assert.Throws<UnknownStorageException>(() => Storage.Sessions());
    }

    private void Write(params string[] lines) =>
        File.AppendAllText(file, string.Concat(lines.Select(line => line + "\n")));

    private string User(string id, string text) =>
        Record(id, "user", JsonSerializer.Serialize(new[] { new { text } }), "");

    private string Model(string id, string text, string? calls = null)
    {
        const string tokens = """{"input":7,"output":3,"cached":2,"thoughts":0,"tool":0,"total":10}""";
        string more = calls is null ? "" : $""","toolCalls":{calls}""";
        return Record(id, "gemini", JsonSerializer.Serialize(text), $""","tokens":{tokens},"model":"g"{more}""");
    }

    private string Record(string id, string type, string content, string more)
    {
        string time = $"2026-11-30T10:00:{++second:D2}Z";
        return $$"""{"id":"{{id}}","timestamp":"{{time}}","type":"{{type}}","content":{{content}}{{more}}}""";
    }

    private static string Whole(params string[] messages) =>
        $$"""{"sessionId":"s1","startTime":"2026-11-30T09:00:00Z","messages":[{{string.Join(',', messages)}}]}""";

    private static string List(params (string Id, string Type, string Text)[] messages) => JsonSerializer.Serialize(
        new Dictionary<string, object>
        {
            ["$set"] = new
            {
                messages = messages.Select(message => new
                {
                    id = message.Id, timestamp = "2026-11-30T12:00:00Z", type = message.Type,
                    content = new[] { new { text = message.Text } },
                }),
            },
        });
}
