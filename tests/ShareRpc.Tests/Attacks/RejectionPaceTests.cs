using System.Text.Json;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Tests.Protocol.Wire;
using ShareRpc.Tests.Server;
using ShareRpc.Tests.Server.CapnWeb;
using ShareRpc.Tests.Server.Http;

namespace ShareRpc.Tests.Attacks;

/// <summary>A guest who sends batch after batch beyond its bound takes no processor from others.</summary>
public sealed class RejectionPaceTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public Task A_batch_beyond_the_bound_of_rejections_is_answered_later(bool directCalls) => AnsweredLaterAsync(
        async (live, token) =>
        {
            WireHandle share = await live.RedeemShareAsync(token, more: $",\"writer_id\":\"{RandomId.New()}\"");
            return share.CallAsync("appendOps", Batch(1, "merge", "merge"));
        }, directCalls);

    [Fact]
    public Task A_replay_beyond_the_bound_is_answered_later() => AnsweredLaterAsync(async (live, token) =>
        (await live.ConnectAsync()).CallAsync("redeemShare", $$"""
            {"token":"{{token.Reveal()}}","writer_id":"{{RandomId.New()}}","append":[{{Batch(1, "merge", "merge")}}]}
            """));

    [Fact]
    public Task A_batch_of_Capn_Web_beyond_the_bound_is_answered_later() => AnsweredLaterAsync(async (live, token) =>
    {
        CapWire wire = await CapWire.ConnectAsync(live);
        int redeemed = await wire.CallAsync(0, "redeemShare",
            $$"""{"token":"{{token.Reveal()}}","writer_id":"{{RandomId.New()}}"}""");
        string batch = Batch(1, "merge", "merge").Replace("[", "[[", StringComparison.Ordinal)
            .Replace("]", "]]", StringComparison.Ordinal);
        return wire.CodeAsync(await wire.CallAsync(redeemed, "share.appendOps", batch));
    });

    [Fact]
    public Task A_request_beyond_the_bound_is_answered_later() => AnsweredLaterAsync(async (live, token) =>
    {
        WireHandle share = await live.RedeemShareAsync(token);
        await share.ResultAsync("appendOps", Batch(null, "put", "put"));
        string id = share.Redemption.GetProperty("share_id").GetString()!;
        var http = new ShareOverHttp(live.Server.Address, id, token, live.Timeout);
        Task<string> refused =
            http.RefusalAsync(http.AppendAsync(Batch(null, "put", "put", ",\"if_changed\":true")), 429);
        for (int i = 0; i < 50; i++) await http.JsonAsync(http.OpsAsync());
        return refused;
    });

    private static async Task AnsweredLaterAsync(
        Func<LiveServer, ShareToken, Task<Task>> sendAsync, bool directCalls = true)
    {
        await using LiveServer live = await LiveServer.StartAsync(
            serverLimits: ServerLimits.Default with
            {
                RejectionsPerDay = 1, DuplicatesPerDay = 1, RateLimitedDelay = TimeSpan.FromHours(1),
            },
            more: options => options with { DirectCalls = directCalls });
        ShareToken token = await live.CreateShareAsync();
        Task beyond = await sendAsync(live, token);
        WireHandle other = await live.RedeemShareAsync(token, more: $",\"writer_id\":\"{RandomId.New()}\"");
        for (int i = 0; i < 50; i++) await other.ResultAsync("readOps", """{"after":0}""");
        JsonElement taken = await other.ResultAsync("appendOps", Batch(1, "put", "put"));
        Assert.Equal(2, taken.GetProperty("applied").GetArrayLength());
        Assert.False(beyond.IsCompleted);

        // It would be answered now, and say why: the end of the server ends the wait.
        await live.Server.StopAsync(live.Timeout);
        await Record.ExceptionAsync(() => beyond.WaitAsync(live.Timeout));
    }

    private static string Batch(int? seq, string first, string second, string more = "") => $$"""
        {"batch_id":"b","ops":[{{Op(seq, first, more)}},{{Op(seq + 1, second, more)}}]}
        """;

    private static string Op(int? seq, string verb, string more) => $$"""
        {"op_id":"{{OpId.New()}}"{{(seq is null ? "" : $",\"seq\":{seq}")}},"verb":"{{verb}}","kind":"part","key":"k",
        "data":{}{{more}} }
        """;
}
