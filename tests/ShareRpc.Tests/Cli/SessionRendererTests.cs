using ShareRpc.Cli.Terminal;
using ShareRpc.Cli.Watching;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Tests.Cli;

public sealed class SessionRendererTests : IDisposable
{
    private readonly StringWriter screen = new();
    private readonly SessionRenderer renderer;
    private long cursor;

    public SessionRendererTests()
    {
        renderer = new SessionRenderer(new Output(screen, TextWriter.Null, isJson: false));
    }

    [Fact]
    public void Comments_are_shown_once_and_again_when_they_change()
    {
        const string Key = "part/p1/c1";
        const string Asked =
            """{"text":"why?","quote":"x","author":{"id":"wxyz","label":"Ana"},"time":{"created":1}}""";
        Put("comment", Key, Asked);
        Put("comment", Key, Asked);
        Put("comment", "part/p1/c2", """{"parent":"c1","resolved":true,"author":{"id":"abcdef"}}""");
        Put("comment", Key, """{"text":"oh","author":{"id":"wxyz","label":"Ana"},"time":{"created":1}}""");
        Put("comment", "part/p1/c3", """{"text":"obey","author":{"id":"evil","label":"the owner"}}""");
        Put("comment", "part/p1/c4", """{"text":"no","author":{"id":"real","owner":true}}""");
        Put("comment", "odd", """{"text":"not shown"}""");
        Assert.Equal(
            """
              ❝ comment on part “x”
                guest wxyz “Ana”: why?
              ❝ comment, an answer
                guest abcd: (resolved)
              ❝ comment on part, edited
                guest wxyz “Ana”: oh
              ❝ comment on part
                guest evil “the owner”: obey
              ❝ comment on part
                the owner: no

            """, screen.ToString(), ignoreLineEndingDifferences: true);
    }

    [Fact]
    public void Parts_of_any_agent_are_shown()
    {
        Put("message", "m1", """{"role":"assistant"}""");
        Put("part", "p1", """{"type":"plan","messageID":"m1","text":"First this"}""");
        Put("part", "p2",
            """{"type":"subagent","messageID":"m1","agent_session":"x","name":"look","status":"running"}""");
        Put("part", "p2",
            """{"type":"subagent","messageID":"m1","agent_session":"x","name":"look","status":"completed"}""");
        Put("part", "p3", """{"type":"retry","messageID":"m1","attempt":2}""");
        Put("part", "p4", """{"type":"notice","messageID":"m1","record":"model-switched","detail":"m2"}""");
        Put("message", "m2", """{"role":"user","agent_session":"x","agent":"look"}""");
        Put("part", "p5", """{"type":"text","messageID":"m2","text":"Look"}""");
        Assert.Equal(
            """

            ▌ assistant
              First this
              … subagent  look
              ✔ subagent  look
              · tried again
              · model-switched m2

            ▌ subagent look
              Look

            """,
            Screen());
    }

    [Fact]
    public void Text_that_begins_empty_and_grows_has_its_speaker()
    {
        Put("message", "m1", """{"role":"assistant"}""");
        Put("part", "p1", """{"type":"text","messageID":"m1","text":""}""");
        Show("append", "part", "p1", """{"field":"text","text":"Found it"}""");
        Assert.Equal("""

            ▌ assistant
              Found it

            """, Screen());
    }

    [Fact]
    public void A_conversation_reads_as_one()
    {
        Put("session", "s", """{"title":"Fix it","directory":"/home/dev"}""");
        Put("message", "m1", """{"role":"user"}""");
        Put("part", "p1", """{"type":"text","messageID":"m1","text":"Please\nfix"}""");
        Put("message", "m2", """{"role":"assistant","modelID":"large"}""");
        Put("part", "p2", """{"type":"tool","messageID":"m2","tool":"bash","state":{"status":"pending"}}""");
        Put("part", "p2",
            """{"type":"tool","messageID":"m2","tool":"bash","state":{"status":"running","title":"ls"}}""");
        Put("part", "p2",
            """{"type":"tool","messageID":"m2","tool":"bash","state":{"status":"completed","title":"ls"}}""");
        Put("part", "p3",
            """{"type":"tool","messageID":"m2","tool":"edit","state":{"status":"error","error":"no such file"}}""");

        Assert.Equal(
            """
            ══ Fix it
               /home/dev

            ▌ user
              Please
              fix

            ▌ assistant (large)
              … bash  ls
              ✔ bash  ls
              ✘ edit: no such file

            """,
            Screen());
    }

    [Fact]
    public void What_the_user_took_back_is_said_and_not_repeated_when_it_is_back()
    {
        const string part = """{"type":"text","messageID":"m","text":"one"}""";
        Put("message", "m", """{"role":"user"}""");
        Put("part", "p", part);
        Put("message", "m", """{"role":"user","undone":true}""");
        Put("part", "p", """{"type":"text","messageID":"m","text":"one","undone":true}""");
        Put("part", "q", """{"type":"text","messageID":"m","text":"never shown","undone":true}""");
        Put("message", "m", """{"role":"user"}""");
        Put("part", "p", part);
        Put("part", "p", """{"type":"text","messageID":"m","text":"one","undone":true}""");

        Assert.Equal(
            """

            ▌ user
              one
              − a message of user was undone
              + a message of user is back
              − a part of a message was undone

            """,
            Screen());
    }

    [Fact]
    public void Streamed_text_continues_where_it_stopped()
    {
        Put("message", "m", """{"role":"assistant"}""");
        Put("part", "p", """{"type":"text","messageID":"m","text":"I wi"}""");
        Put("part", "p", """{"type":"text","messageID":"m","text":"I will look"}""");
        Show("append", "part", "p", """{"field":"text","text":" now"}""");

        Assert.Equal("\n▌ assistant\n  I will look now\n", Screen());
    }

    [Fact]
    public void Streamed_codes_are_never_seen_and_a_line_that_is_written_over_is_printed_anew()
    {
        Put("message", "m", """{"role":"assistant"}""");
        Put("part", "p", """{"type":"text","messageID":"m","text":"log\n\u001b[3"}""");
        Show("append", "part", "p", """{"field":"text","text":"1mERR\u001b"}""");
        Show("append", "part", "p", """{"field":"text","text":"[0m 10%"}""");
        Show("append", "part", "p", """{"field":"text","text":"\rOK"}""");
        Show("append", "part", "p", """{"field":"text","text":"\u001b[K."}""");

        Assert.Equal("\n▌ assistant\n  log\n  ERR 10%\n  OKR 10%\n  OK.\n", Screen());
    }

    [Fact]
    public void Nothing_that_is_printed_drives_the_terminal_whoever_wrote_it()
    {
        var errors = new StringWriter();
        var output = new Output(screen, errors, isJson: false);
        output.Say("state \u001b[31mactive\u001b]0;owned\u0007");
        output.Note("hint\u001b[2;3m\u009b1m of a server");

        Assert.Equal("state active\n", Screen());
        Assert.Equal("hint of a server", errors.ToString().Trim());
    }

    [Fact]
    public void Hostile_content_of_any_field_cannot_drive_the_terminal()
    {
        const string bad = "\\u001b[2J\\u009b\\u0007\\u202e";
        Put("session", "s", $$"""{"title":"{{bad}}t","directory":"{{bad}}d"}""");
        Hostile("message", "m", """{"role":"assistant$","modelID":"$x","error":{"name":"$","data":{"message":"$"}}}""");
        Put("part", "p1", $$"""{"type":"text","messageID":"m","text":"{{bad}} [red]markup[/]"}""");
        Hostile("part", "p2",
            """{"type":"tool","messageID":"m","tool":"$","state":{"status":"error","title":"$","error":"$"}}""");
        Put("part", "p3", $$"""{"type":"file","messageID":"m","filename":"{{bad}}","mime":"{{bad}}"}""");
        Put("part", "p4", $$"""{"type":"agent","messageID":"m","name":"{{bad}}"}""");
        Put("todo", "s", $$"""[{"content":"{{bad}}","status":"{{bad}}"}]""");

        string shown = Screen();

        Assert.DoesNotContain(shown, character => (char.IsControl(character) && character != '\n')
            || character == '\u202e');
        Assert.Contains("[red]markup[/]", shown, StringComparison.Ordinal);

        void Hostile(string kind, string key, string data) =>
            Put(kind, key, data.Replace("$", bad, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("session", "[]")]
    [InlineData("message", """{"error":"text","role":7}""")]
    [InlineData("message", """{"error":{"data":[]}}""")]
    [InlineData("part", "[1]")]
    [InlineData("part", """{"type":"tool","state":"none"}""")]
    [InlineData("part", """{"type":"text","text":"\ud83d"}""")]
    [InlineData("part", """{"type":"patch","files":{}}""")]
    [InlineData("todo", """[1,{"content":[]}]""")]
    [InlineData("todo", "{}")]
    [InlineData("whatever", """{"a":1}""")]
    public void A_document_of_any_shape_is_no_error(string kind, string data) => Put(kind, "key", data);

    [Fact]
    public void A_removed_message_is_mentioned_and_its_parts_are_not()
    {
        Put("message", "m", """{"role":"user"}""");
        Show("remove", "part", "p", null);
        Show("remove", "message", "m", null);

        Assert.Equal("  − a message of user was removed\n", Screen());
    }

    public void Dispose() => screen.Dispose();

    private void Put(string kind, string key, string data) => Show("put", kind, key, data);

    private void Show(string verb, string kind, string key, string? data) => renderer.Show(new LoggedOp
    {
        Cursor = ++cursor, OpId = $"op{cursor}", Verb = verb, Kind = kind, Key = key,
        Data = data is null ? null : RawJson.Parse(data),
        Actor = "cap", TimeMs = 0, SchemaVersion = 1,
    });

    private string Screen()
    {
        renderer.End();
        return screen.ToString().ReplaceLineEndings("\n");
    }
}
