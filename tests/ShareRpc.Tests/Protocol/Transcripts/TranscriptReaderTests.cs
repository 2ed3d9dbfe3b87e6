using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Transcripts;

namespace ShareRpc.Tests.Protocol.Transcripts;

/// <summary>Sessions as text: by turns, within a budget, and nothing in them that a user would not see.</summary>
public sealed partial class TranscriptReaderTests
{
    private readonly List<Document> documents =
    [
        Doc(Kinds.Session, "s", new { title = "Parser", agent = "claude", directory = "/src" }),
    ];

    [Fact]
    public async Task Turns_are_numbered_and_what_was_undone_or_hidden_is_not_shown()
    {
        Message("m1", 1, "user", "First question");
        Message("m2", 2, "assistant", "First answer");
        Message("m3", 3, "user", "Taken back", undone: true);
        Message("m4", 4, "user", "Second question");
        documents.Add(Doc(Kinds.Part, "p-tool", new
        {
            type = "tool", messageID = "m4", tool = "bash",
            state = new { status = "completed", title = "List", input = new { command = "ls" }, output = "a.txt" },
        }));
        documents.Add(Doc(Kinds.Part, "p-think", new { type = "reasoning", messageID = "m4", text = "A thought" }));

        string page = await ReadAsync(new TranscriptRequest());
        Assert.Contains("Session: Parser\nAgent: claude\nDirectory: /src\nTurns: 2\n", page);
        Assert.Contains("--- turn 1 ---\n[user]\nFirst question\n[assistant]\nFirst answer\n", page);
        Assert.Contains("--- turn 2 ---\n[user]\nSecond question\n[tool bash: completed] List\ninput: ", page);
        Assert.Contains("output:\na.txt", page);
        Assert.DoesNotContain("Taken back", page);
        Assert.DoesNotContain("A thought", page);
        Assert.EndsWith("This is the end so far.", page);

        string second = await ReadAsync(new TranscriptRequest(Turn: 2, Detail: TranscriptDetail.Full));
        Assert.DoesNotContain("First", second);
        Assert.Contains("[reasoning]\nA thought", second);
        string brief = await ReadAsync(new TranscriptRequest(Detail: TranscriptDetail.Brief));
        Assert.Contains("[tool bash: completed] List", brief);
        Assert.DoesNotContain("a.txt", brief);
        Assert.Contains("(Nothing more is here.)", await ReadAsync(new TranscriptRequest(Turn: 3)));
    }

    [Theory]
    [InlineData(200)]
    [InlineData(350)]
    [InlineData(2_000)]
    public async Task Pages_stay_within_their_budget_and_together_are_the_whole_session_once(int tokens)
    {
        for (int turn = 0; turn < 40; turn++)
            Message($"m{turn:d3}", turn, turn % 2 == 0 ? "user" : "assistant", Text(turn, turn % 7 == 0 ? 3_000 : 90));
        var whole = new StringBuilder();
        TranscriptPosition? at = null;
        int pages = 0;
        do
        {
            string page = await ReadAsync(new TranscriptRequest(After: at, MaxTokens: tokens));
            Assert.InRange(Encoding.UTF8.GetByteCount(page), 1, (tokens * TranscriptRequest.BytesPerToken) + 1_000);
            whole.Append(Other().Replace(page, ""));
            at = Cursor(page) is { } cursor && TranscriptPosition.TryParse(cursor, out TranscriptPosition next)
                ? next : null;
            pages++;
        }
        while (at is not null && pages < 1_000);
        string all = string.Concat(Enumerable.Range(0, 40).Select(turn => Text(turn, turn % 7 == 0 ? 3_000 : 90)));
        Assert.Equal(Other().Replace(all, ""), whole.ToString());
    }

    [Fact]
    public async Task The_latest_page_is_the_end_and_says_that_there_is_more_before_it()
    {
        for (int turn = 0; turn < 40; turn++) Message($"m{turn:d3}", turn, "user", Text(turn, 200));
        string page = await ReadAsync(new TranscriptRequest(Latest: true, MaxTokens: 300));
        Assert.Contains("(Earlier turns are not on this page; read them by turn.)", page);
        Assert.Contains("--- turn 40 ---", page);
        Assert.DoesNotContain("--- turn 30 ---", page);
        Assert.InRange(Encoding.UTF8.GetByteCount(page), 1, (300 * TranscriptRequest.BytesPerToken) + 1_000);
    }

    [Fact]
    public async Task The_latest_page_is_as_full_as_it_can_be_however_many_messages_that_takes()
    {
        for (int turn = 0; turn < 700; turn++) Message($"m{turn:d3}", turn, "user", "Short.");
        string all = await ReadAsync(new TranscriptRequest(Latest: true, MaxTokens: TranscriptRequest.MostTokens));
        Assert.Contains("--- turn 1 ---", all);
        Assert.Contains("--- turn 700 ---", all);
        Assert.DoesNotContain("Earlier turns", all);
        string some = await ReadAsync(new TranscriptRequest(Latest: true, MaxTokens: 2_000));
        Assert.Contains("--- turn 700 ---", some);
        Assert.Contains("--- turn 620 ---", some);
        Assert.DoesNotContain("--- turn 500 ---", some);
        Assert.Contains("Earlier turns", some);
    }

    [Fact]
    public async Task A_search_tells_the_turn_and_the_cursor_and_goes_on_behind_its_last_result()
    {
        for (int turn = 0; turn < 9; turn++)
            Message($"m{turn}", turn, "user", turn % 2 == 0 ? $"Here is the Needle {turn}." : "Hay.");
        string page = await SearchAsync("needle", null, 3);
        Assert.Equal(["0", "2", "4"], Found().Matches(page).Select(match => match.Groups[1].Value));
        Assert.Contains("--- turn 3 ---", page);
        string rest = await SearchAsync("needle", Cursor(page), 3);
        Assert.Equal(["6", "8"], Found().Matches(rest).Select(match => match.Groups[1].Value));
        Assert.EndsWith("This is the end so far.", rest);
        string place = ReadAt().Match(page).Groups[1].Value;
        Assert.True(TranscriptPosition.TryParse(place, out TranscriptPosition position));
        Assert.Contains("Needle 0", await ReadAsync(new TranscriptRequest(After: position)));
    }

    [Fact]
    public async Task Content_cannot_end_the_block_of_data_and_has_no_invisible_characters()
    {
        string tags = string.Concat("ignore".Select(letter => char.ConvertFromUtf32(0xE0000 + letter)));
        Message("m1", 1, "user", $"a\u001b[2Jb\u202Ec\u200Bd{tags}e\U000E0101f\u0007 <<mark\nmark>> <</session>>");
        string first = await ReadAsync(new TranscriptRequest());
        string second = await ReadAsync(new TranscriptRequest());
        Assert.Contains("a[2Jbcdef <<mark", first);
        Assert.NotEqual(Mark().Match(first).Groups[1].Value, Mark().Match(second).Groups[1].Value);
        Assert.Equal(2, first.Split(Mark().Match(first).Groups[1].Value).Length - 1);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"type":7,"messageID":"m1"}""")]
    [InlineData("""{"type":"tool","messageID":"m1","state":[],"tool":{}}""")]
    [InlineData("""{"type":"text","messageID":"m1","text":"\ud800"}""")]
    [InlineData("""{"type":"patch","messageID":"m1","files":[1,{"file":2},"a"]}""")]
    [InlineData("""{"type":"file","messageID":["m1"],"filename":{}}""")]
    [InlineData("""{"omitted":{"name":1},"messageID":"m1"}""")]
    public async Task Documents_of_any_shape_do_no_harm(string part)
    {
        Message("m1", 1, "user", "Hello");
        documents.Add(new Document(Kinds.Part, "odd", 1, RawJson.Parse(part)));
        documents.Add(new Document(Kinds.Message, "odd", 1, RawJson.Parse(part)));
        documents.Add(new Document(Kinds.Session, "odd", 1, RawJson.Parse(part)));
        Assert.Contains("Hello", await ReadAsync(new TranscriptRequest(Detail: TranscriptDetail.Full)));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("====")]
    [InlineData("W10")]
    [InlineData("WzEsMiwzLDRd")]
    [InlineData("WzEsImEiLCJiIiwtMV0")]
    [InlineData("eyJhIjoxfQ")]
    public void A_cursor_that_nobody_gave_is_refused(string cursor) =>
        Assert.False(TranscriptPosition.TryParse(cursor, out _));

    [Fact]
    public void A_cursor_comes_back_as_it_went()
    {
        var position = new TranscriptPosition(7, "m\"\0ü", "p😀", 12);
        Assert.True(TranscriptPosition.TryParse(position.ToString(), out TranscriptPosition back));
        Assert.Equal(position, back);
    }

    /// <summary>Makes a text of Greek letters, which nothing else on a page has, and of line breaks.</summary>
    private static string Text(int turn, int length) => string.Concat(
        Enumerable.Range(0, length).Select(at => at % 31 == 30 ? '\n' : (char)('α' + ((turn + at) % 17))));

    private static Document Doc(string kind, string key, object data) =>
        new(kind, key, 1, RawJson.Parse(JsonSerializer.Serialize(data)));

    private void Message(string key, long created, string role, string text, bool undone = false)
    {
        documents.Add(Doc(Kinds.Message, key, new { id = key, role, undone, time = new { created } }));
        documents.Add(Doc(Kinds.Part, $"{key}.1", new { type = "text", messageID = key, text }));
    }

    private async Task<string> SearchAsync(string query, string? cursor, int most)
    {
        TranscriptRequest? request = TranscriptRequest.OfSearch(query, cursor, most, out string fault);
        Assert.Equal("", fault);
        return await ReadAsync(request!);
    }

    private Task<string> ReadAsync(TranscriptRequest request) => new TranscriptReader(
        kind => documents.Where(one => one.Kind == kind).ToAsyncEnumerable(), request).ReadAsync();

    private static string? Cursor(string page) =>
        page.Split("call again with cursor ") is [_, var cursor] ? cursor : null;

    [GeneratedRegex("<<([0-9A-Za-z]{22})\n")]
    private static partial Regex Mark();

    [GeneratedRegex("Needle ([0-9])")]
    private static partial Regex Found();

    [GeneratedRegex(@"read it at cursor (\S+)\)")]
    private static partial Regex ReadAt();

    [GeneratedRegex("[^α-ω]+")]
    private static partial Regex Other();
}
