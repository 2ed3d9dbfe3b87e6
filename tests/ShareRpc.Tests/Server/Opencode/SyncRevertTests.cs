using System.Text.Json;
using System.Text.Json.Nodes;
using Shared = ShareRpc.Tests.Server.Opencode.OpencodeCalls.Shared;

namespace ShareRpc.Tests.Server.Opencode;

/// <summary>
/// What opencode's user took back, in a share that opencode itself writes: it sends only the session.
/// </summary>
public sealed class SyncRevertTests : IAsyncLifetime, IDisposable
{
    private LiveServer live = null!;
    private OpencodeCalls calls = null!;
    private Shared shared = null!;

    public async Task InitializeAsync()
    {
        live = await LiveServer.StartAsync(more: options => options with { OpenCreation = true });
        calls = new OpencodeCalls(live.Server.Address, live.Timeout);
        shared = await calls.ShareAsync("ses_1");
        await calls.SyncedAsync(
            shared, $"{Session(1)},{Message(1)},{Part(1, 1)},{Message(2)},{Part(2, 1)},{Part(2, 2)},{Message(3)}");
    }

    public async Task DisposeAsync() => await live.DisposeAsync();

    public void Dispose() => calls.Dispose();

    [Fact]
    public async Task A_reverted_session_marks_each_message_and_part_by_an_op_of_its_own_and_the_mark_goes_again()
    {
        await calls.SyncedAsync(shared, Session(2, """{"messageID":"msg_2","snapshot":"c40e"}"""));
        Assert.Equal(["msg_2", "msg_3", "prt_2_1", "prt_2_2"], await UndoneAsync());

        await calls.SyncedAsync(shared, Session(3, """{"messageID":"msg_2","partID":"prt_2_2"}"""));
        Assert.Equal(["msg_3", "prt_2_2"], await UndoneAsync());

        await calls.SyncedAsync(shared, Session(4));
        Assert.Empty(await UndoneAsync());
    }

    [Fact]
    public async Task What_is_sent_again_while_it_is_taken_back_stays_marked_and_a_new_answer_before_it_is_not()
    {
        await calls.SyncedAsync(shared, Session(2, """{"messageID":"msg_2"}"""));
        JsonElement again = await calls.SyncedAsync(shared, $"{Message(2)},{Part(2, 1)}");
        Assert.Equal(2, again.GetProperty("duplicates").GetInt32());

        await calls.SyncedAsync(shared, $"{Part(1, 9)},{Part(3, 1)},{Message(4)}");
        Assert.Equal(["msg_2", "msg_3", "msg_4", "prt_2_1", "prt_2_2", "prt_3_1"], await UndoneAsync());
    }

    [Fact]
    public async Task A_session_behind_the_stored_one_takes_nothing_back()
    {
        await calls.SyncedAsync(shared, Session(5));
        await calls.SyncedAsync(shared, Session(2, """{"messageID":"msg_1"}"""));
        Assert.Empty(await UndoneAsync());
    }

    [Fact]
    public async Task Syncs_that_overlap_leave_every_message_marked_as_the_session_says()
    {
        IEnumerable<string> syncs = Enumerable.Range(0, 40).Select(i => i % 4 == 1
            ? Session(2 + i, i % 8 == 1 ? """{"messageID":"msg_2"}""" : null)
            : $"{Message(100 + i)},{Part(100 + i, 1)}");
        await Task.WhenAll(syncs.Select(sync => calls.SyncedAsync(shared, sync)));

        JsonArray data = await calls.ImportAsync(shared);
        bool isReverted = data[0]!["data"]!["revert"] is not null;
        int later = data.Count(item => IsMessageOrPart(item!) && KeyOf(item!) is not ("msg_1" or "prt_1_1"));
        Assert.Equal(isReverted ? later : 0, (await UndoneAsync()).Length);
    }

    [Theory]
    [InlineData("""{"messageID":7}""")]
    [InlineData("""{"messageID":""}""")]
    [InlineData("[]")]
    [InlineData("\"x\"")]
    public async Task A_revert_that_names_no_message_takes_nothing_back(string revert)
    {
        await calls.SyncedAsync(shared, Session(2, revert));
        Assert.Empty(await UndoneAsync());
    }

    private static string Session(int updated, string? revert = null)
    {
        string more = revert is null ? "" : $",\"revert\":{revert}";
        return $$$"""{"type":"session","data":{"id":"ses_1","time":{"updated":{{{updated}}}}{{{more}}}}}""";
    }

    private static string Message(int n) => $$$"""{"type":"message","data":{"id":"msg_{{{n}}}","sessionID":"ses_1"}}""";

    private static string Part(int message, int n) =>
        $$$"""
        {"type":"part","data":{"id":"prt_{{{message}}}_{{{n}}}","messageID":"msg_{{{message}}}","type":"text"}}
        """;

    private static bool IsMessageOrPart(JsonNode item) => (string)item["type"]! is "message" or "part";

    private static string KeyOf(JsonNode item) => (string)item["data"]!["id"]!;

    private async Task<string[]> UndoneAsync() =>
    [
        .. (await calls.ImportAsync(shared)).Where(item => item!["data"] is JsonObject data && data["undone"] is {})
            .Select(item => KeyOf(item!)),
    ];
}
