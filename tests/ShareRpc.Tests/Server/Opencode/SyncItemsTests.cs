using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Tests.Protocol.Wire;
using Shared = ShareRpc.Tests.Server.Opencode.OpencodeCalls.Shared;

namespace ShareRpc.Tests.Server.Opencode;

/// <summary>What becomes of the items of a sync, and of bodies that are none.</summary>
public sealed class SyncItemsTests : IAsyncLifetime, IDisposable
{
    private LiveServer live = null!;
    private OpencodeCalls calls = null!;
    private Shared shared = null!;

    public async Task InitializeAsync()
    {
        live = await LiveServer.StartAsync(more: options => options with { OpenCreation = true });
        calls = new OpencodeCalls(live.Server.Address, live.Timeout);
        shared = await calls.ShareAsync("ses_1");
    }

    public async Task DisposeAsync() => await live.DisposeAsync();

    public void Dispose() => calls.Dispose();

    [Fact]
    public async Task A_key_that_goes_from_A_to_B_to_A_ends_as_A()
    {
        foreach (string text in new[] { "A", "B", "A" })
        {
            Assert.Equal(1, (await calls.SyncedAsync(shared, Part(text))).GetProperty("applied").GetInt32());
        }

        Assert.Equal("A", (string)(await calls.ImportAsync(shared))[0]!["data"]!["text"]!);
    }

    [Fact]
    public async Task Several_versions_of_a_key_in_one_body_count_in_their_order()
    {
        JsonElement synced = await calls.SyncedAsync(shared, $"{Part("A")},{Part("B")},{Part("B")},{Part("A")}");
        Assert.Equal((3, 1), (synced.GetProperty("applied").GetInt32(), synced.GetProperty("duplicates").GetInt32()));
        Assert.Equal("A", (string)(await calls.ImportAsync(shared))[0]!["data"]!["text"]!);
    }

    [Fact]
    public async Task Identical_items_are_no_new_ops_whatever_their_spelling()
    {
        await calls.SyncedAsync(shared, """{"type":"part","data":{"id":"p","a":1,"b":"x"}}""");
        JsonElement again =
            await calls.SyncedAsync(shared, """{ "data": {"b":"\u0078","a":1.0, "id":"p"}, "type": "part" }""");
        Assert.Equal((0, 1), (again.GetProperty("applied").GetInt32(), again.GetProperty("duplicates").GetInt32()));
    }

    [Fact]
    public async Task Models_merge_by_provider_and_id_without_their_headers_and_options()
    {
        await calls.SyncedAsync(shared, """
            {"type":"model","data":[{"id":"m1","providerID":"p","name":"old","headers":{"x-key":"sk-1"},
             "options":{"apiKey":"sk-2"},
            "variants":{"high":{"options":{"k":"sk-3"},"effort":"high"}}},{"id":"m1","providerID":"q"}]}
            """);
        await calls.SyncedAsync(shared,
            """{"type":"model","data":[{"id":"m1","providerID":"p","name":"new","headers":{"x":"sk-4"}}]}""");
        await calls.SyncedAsync(shared, """{"type":"model","data":[]}""");

        JsonNode item = Assert.Single(await calls.ImportAsync(shared))!;
        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse(
                """{"type":"model","data":[{"id":"m1","providerID":"p","name":"new"},{"id":"m1","providerID":"q"}]}"""),
                    item));
        foreach (JsonElement op in await OpsAsync())
            Assert.DoesNotContain("sk-", op.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_links_token_does_not_get_into_the_session()
    {
        await calls.SyncedAsync(
            shared,
            $$"""{"type":"session","data":{"id":"ses_1","share":{"url":"{{shared.Url}}"},"time":{"updated":1} } }""");
        JsonNode session = (await calls.ImportAsync(shared))[0]!["data"]!;
        Assert.Null(session["share"]);
        Assert.Equal("ses_1", (string)session["id"]!);
        await calls.SyncedAsync(
            shared,
            """{"type":"session","data":{"id":"ses_1","share":{"url":"http://h/share/x"},"time":{"updated":1}}}""");
        Assert.NotNull((await calls.ImportAsync(shared))[0]!["data"]!["share"]);
    }

    [Fact]
    public async Task A_list_of_messages_is_messages_and_parts()
    {
        await calls.SyncedAsync(shared, """
            {"type":"messages","data":[{"id":"m1"},{"info":{"id":"m2"},"parts":[{"id":"p1"}]},7]}
            """);
        JsonArray data = await calls.ImportAsync(shared);
        Assert.Equal(["message m1", "message m2", "part p1"],
            data.Select(item => $"{item!["type"]} {item["data"]!["id"]}"));
    }

    [Theory]
    [InlineData("""{"type":"unknown","data":{"id":"x"}}""")]
    [InlineData("""{"type":"message","data":{"noid":1}}""")]
    [InlineData("""{"type":"message","data":[]}""")]
    [InlineData("""{"type":"message","data":{"id":7}}""")]
    [InlineData("""{"type":"session_diff","data":{}}""")]
    [InlineData("""{"type":"message"}""")]
    [InlineData("""{"data":{}}""")]
    [InlineData("7")]
    [InlineData("null")]
    [InlineData("[[]]")]
    public async Task An_item_that_is_not_understood_is_left_out_and_the_rest_arrives(string item)
    {
        JsonElement synced = await calls.SyncedAsync(shared, $"{Part("A")},{item},{Part("B")}");
        Assert.Equal((2, 1), (synced.GetProperty("applied").GetInt32(), synced.GetProperty("ignored").GetInt32()));
    }

    [Fact]
    public async Task An_item_that_is_nested_too_deep_or_has_no_key_is_left_out_and_the_rest_arrives()
    {
        string deep = string.Concat(Enumerable.Repeat("[", 60)) + string.Concat(Enumerable.Repeat("]", 60));
        string item = """{"type":"part","data":{"id":"deep","d":DEEP}},{"type":"part","data":{"id":"","x":1}}"""
            .Replace("DEEP", deep, StringComparison.Ordinal);
        JsonElement synced = await calls.SyncedAsync(shared, $"{item},{Part("B")}");
        Assert.Equal((2, 1), (synced.GetProperty("applied").GetInt32(), synced.GetProperty("rejected").GetInt32()));
        Assert.Equal(["deep too_deep", " invalid_op"], LeftOut(synced));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("""{"secret":"S","data":[{"type":"part","data":{"id":"p"}}""")]
    [InlineData("""{"secret":"S","data":[}""")]
    [InlineData("not json")]
    public async Task A_body_that_is_no_sync_is_refused_and_the_server_goes_on(string body)
    {
        string text = body.Replace("S", shared.Secret, StringComparison.Ordinal);
        using HttpResponseMessage answer = await calls.Http.PostAsync(
            new Uri($"/api/share/{shared.Id}/sync", UriKind.Relative), OpencodeCalls.Json(text), live.Timeout);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        await calls.SyncedAsync(shared, Part("A"));
    }

    [Fact]
    public async Task The_secret_may_come_last_after_not_too_much()
    {
        string late = $$"""{"data":[{{Part("A")}}],"more":{"x":[1]},"secret":"{{shared.Secret}}"}""";
        using HttpResponseMessage answer = await PostAsync(new StringContent(late));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Single(await calls.ImportAsync(shared));

        string tooMuch = Part(new string('x', 64 * 1024));
        using HttpResponseMessage refused =
            await PostAsync(new StringContent($$"""{"data":[{{tooMuch}}],"secret":"{{shared.Secret}}"}"""));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    }

    [Theory]
    [InlineData(-1, 200)]
    [InlineData(0, 200)]
    [InlineData(1, 413)]
    public async Task A_body_over_the_limit_is_too_large_and_says_so_in_json(int over, int status)
    {
        const int Limit = 100_000;
        await using LiveServer small = await LiveServer.StartAsync(
            serverLimits: new ServerLimits { HttpBodyBytes = Limit },
            more: options => options with { OpenCreation = true });
        using var there = new OpencodeCalls(small.Server.Address, small.Timeout);
        Shared mine = await there.ShareAsync();
        string body = $$"""{"secret":"{{mine.Secret}}","data":[{{Part("A")}}]""".PadRight(Limit + over - 1) + "}";
        foreach (bool isChunked in new[] { false, true })
        {
            using var content = new StreamContent(new MemoryStream(Encoding.UTF8.GetBytes(body)));
            using var request =
                new HttpRequestMessage(HttpMethod.Post, $"/api/share/{mine.Id}/sync") { Content = content };
            request.Headers.TransferEncodingChunked = isChunked;
            using HttpResponseMessage answer = await there.Http.SendAsync(request, small.Timeout);
            Assert.Equal(status, (int)answer.StatusCode);
            string said = await answer.Content.ReadAsStringAsync(small.Timeout);
            Assert.Equal(status == 413, said.Contains("too_large", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task An_item_of_the_largest_size_arrives_and_a_larger_one_is_left_out()
    {
        int most = ProtocolLimits.Default.OpBytes;
        string largest = Part(new string('x', most - Encoding.UTF8.GetByteCount(DataOf(Part("")))));
        JsonElement synced = await calls.SyncedAsync(shared, largest);
        Assert.Equal(1, synced.GetProperty("applied").GetInt32());
        string larger = largest.Replace("\"text\":\"", "\"text\":\"x", StringComparison.Ordinal);
        JsonElement over = await calls.SyncedAsync(shared, $"{Part("B")},{larger}");
        Assert.Equal((2, 0), (over.GetProperty("applied").GetInt32(), over.GetProperty("rejected").GetInt32()));
        Assert.Equal([$"{KeyOf(largest)} too_large"], LeftOut(over));
        JsonNode held =
            (await calls.ImportAsync(shared)).Single(item => (string?)item!["data"]!["id"] == KeyOf(largest))!;
        Assert.Equal(("too_large", most + 1),
            ((string)held["data"]!["omitted"]!["reason"]!, (int)held["data"]!["omitted"]!["size"]!));
    }

    /// <summary>What an answer says of each item that was not stored as it came.</summary>
    private static IEnumerable<string> LeftOut(JsonElement synced) => synced.GetProperty("left_out").EnumerateArray()
        .Select(item => $"{item.GetProperty("key").GetString()} {item.GetProperty("reason").GetString()}");

    private static string KeyOf(string item) =>
        JsonSerializer.Deserialize<JsonElement>(item).GetProperty("data").GetProperty("id").GetString()!;

    [Fact]
    public async Task A_body_that_arrives_byte_by_byte_is_the_same()
    {
        string first = Part("""é\u00e9 \"q\" """);
        string body = $$"""{"secret":"{{shared.Secret}}","data":[{{first}},{{Part("B")}}]}""";
        var pipe = new System.IO.Pipelines.Pipe();
        using var content = new StreamContent(pipe.Reader.AsStream());
        Task<HttpResponseMessage> answering = PostAsync(content);
        foreach (byte one in Encoding.UTF8.GetBytes(body))
        {
            await pipe.Writer.WriteAsync(new[] { one }, live.Timeout);
        }

        await pipe.Writer.CompleteAsync();
        using HttpResponseMessage answer = await answering;
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("B", (string)(await calls.ImportAsync(shared))[0]!["data"]!["text"]!);
        Assert.Equal(2, (await OpsAsync()).Count);
    }

    [Fact]
    public async Task Text_that_is_not_utf8_is_left_out()
    {
        string[] text =
            $$"""{"secret":"{{shared.Secret}}","data":[{"type":"part","data":{"id":"p","t":"?"} },{{Part("A")}}]}"""
            .Split('?');
        byte[] body = [.. Encoding.UTF8.GetBytes(text[0]), 0xC3, .. Encoding.UTF8.GetBytes(text[1])];
        using var content = new ByteArrayContent(body);
        using HttpResponseMessage answer = await PostAsync(content);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Single(await OpsAsync());
    }

    private static string Part(string text) =>
        """{"type":"part","data":{"id":"prt_1","text":"T"}}""".Replace("T", text, StringComparison.Ordinal);

    private static string DataOf(string item) => JsonNode.Parse(item)!["data"]!.ToJsonString();

    private Task<HttpResponseMessage> PostAsync(HttpContent content) =>
        calls.Http.PostAsync(new Uri($"/api/share/{shared.Id}/sync", UriKind.Relative), content, live.Timeout);

    private async Task<List<JsonElement>> OpsAsync()
    {
        Assert.True(ShareToken.TryParse(shared.Capability, out ShareToken? token));
        WireHandle handle = await live.RedeemShareAsync(token);
        return [.. (await handle.ResultAsync("readOps", "{}")).GetProperty("ops").EnumerateArray()];
    }
}
