using System.Net;
using System.Text.Json;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Tests.Server.CapnWeb;

/// <summary>Batches over HTTP at <c>/capnweb</c>.</summary>
public sealed class CapBatchTests : IAsyncLifetime
{
    private static readonly HttpClient Http = new();
    private LiveServer live = null!;

    public async Task InitializeAsync() => live = await LiveServer.StartAsync();

    public async Task DisposeAsync() => await live.DisposeAsync();

    [Fact]
    public async Task A_thousand_appends_pipelined_behind_a_redemption_are_one_request()
    {
        ShareToken token = await live.CreateShareAsync();
        List<string> lines = [Redeem(token), .. Enumerable.Range(0, 1_000).Select(i => Append($"op{i}"))];
        lines.AddRange(Enumerable.Range(2, 1_000).Select(id => $"[\"pull\",{id}]"));

        JsonElement[] answers = await BatchAsync(lines);

        Assert.Equal(1_000, answers.Length);
        Assert.All(answers, answer => Assert.Equal("resolve", answer[0].GetString()));
        Assert.Equal(Enumerable.Range(1, 1_000).Select(cursor => (long)cursor),
            answers.OrderBy(answer => answer[1].GetInt64())
                .Select(answer => answer[2].GetProperty("cursor").GetInt64()));
    }

    [Fact]
    public async Task Nothing_to_do_is_answered_by_nothing() => Assert.Empty(await BatchAsync([]));

    [Fact]
    public async Task A_broken_message_ends_the_answer_with_an_abort()
    {
        JsonElement[] answers = await BatchAsync(["""["push",1]""", """["pull",1]""", "nonsense"]);
        Assert.Equal(["resolve", "abort"], answers.Select(answer => answer[0].GetString()!));
    }

    [Fact]
    public async Task A_promise_that_nobody_can_resolve_any_more_is_rejected()
    {
        JsonElement[] answers = await BatchAsync(["""["push",["promise",-1]]""", """["pull",1]"""]);
        Assert.Equal("reject", answers[0][0].GetString());
    }

    [Fact]
    public async Task A_callback_has_no_way_back()
    {
        JsonElement[] answers = await BatchAsync(
            ["""["push",{"cb":["export",-1]}]""", """["push",["pipeline",1,["cb"],["ping"]]]""", """["pull",2]"""]);
        Assert.Equal("reject", answers[0][0].GetString());
    }

    [Fact]
    public async Task A_large_batch_needs_a_redemption_among_its_first_messages()
    {
        ShareToken token = await live.CreateShareAsync();
        string large = $"[\"push\",\"{new string('x', 200_000)}\"]";
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await PostAsync([large, large, Redeem(token)])).StatusCode);
        HttpResponseMessage taken = await PostAsync([Redeem(token), large, large, """["pull",1]"""]);
        Assert.Equal(HttpStatusCode.OK, taken.StatusCode);
        Assert.StartsWith("[\"resolve\",1,", await taken.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_of_another_origin_may_not_post()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(live.Server.Address, "/capnweb"));
        request.Headers.Add("Origin", "https://elsewhere.example");
        request.Content = new StringContent("");
        Assert.Equal(HttpStatusCode.Forbidden, (await Http.SendAsync(request, live.Timeout)).StatusCode);
        Assert.Equal(HttpStatusCode.UpgradeRequired,
            (await Http.GetAsync(new Uri(live.Server.Address, "/capnweb"), live.Timeout)).StatusCode);
    }

    private static string Redeem(ShareToken token) =>
        $"[\"push\",[\"pipeline\",0,[\"redeemShare\"],[\"{token.Reveal()}\"]]]";

    private static string Append(string opId) =>
        "[\"push\",[\"pipeline\",1,[\"share\",\"appendOps\"],[{\"batch_id\":\"b\",\"ops\":[[{\"op_id\":\"" + opId
        + "\",\"verb\":\"put\",\"kind\":\"part\",\"key\":\"k\",\"data\":{}}]]}]]]";

    private async Task<JsonElement[]> BatchAsync(IEnumerable<string> lines)
    {
        HttpResponseMessage response = await PostAsync(lines);
        string body = await response.Content.ReadAsStringAsync(live.Timeout);
        Assert.True(response.StatusCode == HttpStatusCode.OK, body);
        return [.. body.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement)];
    }

    private Task<HttpResponseMessage> PostAsync(IEnumerable<string> lines) => Http.PostAsync(
        new Uri(live.Server.Address, "/capnweb"), new StringContent(string.Join('\n', lines)), live.Timeout);
}
