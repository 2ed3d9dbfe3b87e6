using System.Net;
using System.Text.Json;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Tests.Protocol.Wire;

namespace ShareRpc.Tests.Server.Http;

/// <summary>Batches, pages and state over plain HTTP, and what becomes of them when access is taken back.</summary>
public sealed class OpsOverHttpTests : IAsyncLifetime
{
    private LiveServer live = null!;
    private ShareToken owner = null!;
    private WireHandle handle = null!;

    public async Task InitializeAsync()
    {
        live = await LiveServer.StartAsync();
        owner = await live.CreateShareAsync();
        handle = await live.RedeemShareAsync(owner);
    }

    public async Task DisposeAsync() => await live.DisposeAsync();

    [Fact]
    public async Task A_batch_is_acknowledged_and_read_back_and_its_resend_is_a_duplicate()
    {
        using ShareOverHttp share = With(owner);
        JsonElement ack = await share.JsonAsync(share.AppendAsync(LiveServer.Batch("a")));
        Assert.Equal(1, ack.GetProperty("applied")[0].GetProperty("cursor").GetInt64());
        JsonElement again = await share.JsonAsync(share.AppendAsync(LiveServer.Batch("a")));
        Assert.Equal(0, again.GetProperty("applied").GetArrayLength());
        Assert.Equal("a", again.GetProperty("duplicates")[0].GetProperty("op_id").GetString());

        JsonElement page = await share.JsonAsync(share.OpsAsync("?after=0"));
        Assert.Equal("a", page.GetProperty("ops")[0].GetProperty("op_id").GetString());
        Assert.Equal(1, page.GetProperty("head").GetInt64());
        JsonElement state = await share.JsonAsync(share.StateAsync("?kinds=part"));
        Assert.Equal("a", state.GetProperty("docs")[0].GetProperty("key").GetString());
        JsonElement wire = (await handle.CallAsync("getState", "{}")).GetProperty("result");
        Assert.Equal(wire.GetRawText(), (await share.JsonAsync(share.StateAsync())).GetRawText());
    }

    [Fact]
    public async Task Pages_go_on_where_the_one_before_ended()
    {
        using ShareOverHttp share = With(owner);
        foreach (string id in new[] { "a", "b", "c" }) await share.JsonAsync(share.AppendAsync(LiveServer.Batch(id)));
        JsonElement first = await share.JsonAsync(share.OpsAsync("?limit=2"));
        Assert.Equal(2, first.GetProperty("cursor").GetInt64());
        JsonElement second = await share.JsonAsync(share.OpsAsync("?after=2&limit=2&max_bytes=1"));
        Assert.Equal(3, Assert.Single(second.GetProperty("ops").EnumerateArray()).GetProperty("cursor").GetInt64());

        JsonElement docs = await share.JsonAsync(share.StateAsync("?limit=2&kinds=note,part"));
        JsonElement next = docs.GetProperty("next_key");
        Assert.Equal(("part", "b"), (next.GetProperty("kind").GetString()!, next.GetProperty("key").GetString()!));
        docs = await share.JsonAsync(share.StateAsync("?limit=2&after_kind=part&after_key=b"));
        Assert.Equal("c", Assert.Single(docs.GetProperty("docs").EnumerateArray()).GetProperty("key").GetString());
        Assert.False(docs.TryGetProperty("next_key", out _));
    }

    [Fact]
    public async Task A_waiting_read_is_answered_by_the_next_op()
    {
        using ShareOverHttp share = With(owner);
        Task<HttpResponseMessage> waiting = share.OpsAsync("?wait_ms=30000");
        await handle.ResultAsync("appendOps", LiveServer.Batch("late"));
        JsonElement page = await share.JsonAsync(waiting);
        Assert.Equal("late", Assert.Single(page.GetProperty("ops").EnumerateArray()).GetProperty("op_id").GetString());
    }

    [Fact]
    public async Task Invariant_I7_a_revocation_ends_waiting_reads_and_every_later_call_over_http()
    {
        ShareToken guest = await LiveServer.AttenuateAsync(handle, Rights.Read | Rights.Append);
        using ShareOverHttp share = With(guest);
        await share.JsonAsync(share.OpsAsync());
        Task<HttpResponseMessage> waiting = share.OpsAsync("?wait_ms=30000");
        await handle.ResultAsync("revokeCapability", $$"""{"cap_id":"{{guest.CapId}}"}""");

        Assert.Equal("capability_revoked", await share.RefusalAsync(waiting, 403));
        Assert.Equal("capability_revoked", await share.RefusalAsync(share.OpsAsync(), 403));
        Assert.Equal("capability_revoked", await share.RefusalAsync(share.StateAsync(), 403));
        Assert.Equal("capability_revoked", await share.RefusalAsync(share.AppendAsync(LiveServer.Batch("x")), 403));
        Assert.Equal(0, (await handle.ResultAsync("readOps", "{}")).GetProperty("head").GetInt64());
    }

    [Fact]
    public async Task Each_call_needs_its_right()
    {
        using ShareOverHttp reader = With(await LiveServer.AttenuateAsync(handle, Rights.Read));
        using ShareOverHttp appender = With(await LiveServer.AttenuateAsync(handle, Rights.Append));
        Assert.Equal("forbidden", await reader.RefusalAsync(reader.AppendAsync(LiveServer.Batch("x")), 403));
        await reader.JsonAsync(reader.OpsAsync());
        await reader.JsonAsync(reader.StateAsync());
        await appender.JsonAsync(appender.AppendAsync(LiveServer.Batch("y")));
        Assert.Equal("forbidden", await appender.RefusalAsync(appender.OpsAsync(), 403));
        Assert.Equal("forbidden", await appender.RefusalAsync(appender.StateAsync(), 403));
        using ShareOverHttp root = With(live.RootToken);
        Assert.Equal("forbidden", await root.RefusalAsync(root.OpsAsync(), 403));
    }

    [Fact]
    public async Task Wrong_tokens_unknown_shares_and_tokens_of_other_shares_are_answered_alike()
    {
        ShareToken other = await live.CreateShareAsync();
        string shareId = ShareIdOf(handle);
        (string Share, ShareToken? Token)[] cases =
        [
            (shareId, null), (shareId, other), (shareId, ShareToken.New(owner.CapId)),
            (shareId, ShareToken.New(RandomId.New())),
            (RandomId.New(), owner), ("x", owner),
        ];
        var answers = new HashSet<string>();
        foreach ((string id, ShareToken? token) in cases)
        {
            using var share = new ShareOverHttp(live.Server.Address, id, token, live.Timeout);
            foreach (Func<Task<HttpResponseMessage>> call in new[]
            {
                () => share.AppendAsync(LiveServer.Batch("x")), () => share.OpsAsync(), () => share.StateAsync(),
            })
            {
                using HttpResponseMessage answer = await call();
                Assert.Equal("Bearer", answer.Headers.WwwAuthenticate.ToString());
                answers.Add($"{answer.StatusCode} {await answer.Content.ReadAsStringAsync(live.Timeout)}");
            }
        }

        Assert.StartsWith("Unauthorized", Assert.Single(answers), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ops?after=x")]
    [InlineData("ops?after=-1")]
    [InlineData("ops?limit=0")]
    [InlineData("ops?limit=99999999999")]
    [InlineData("ops?wait_ms=1.5")]
    [InlineData("ops?max_bytes=")]
    [InlineData("state?limit=0")]
    [InlineData("state?kinds=Not,a,kind")]
    [InlineData("state?after_kind=part")]
    [InlineData("state?after_key=a")]
    public async Task A_malformed_query_is_refused(string path)
    {
        using ShareOverHttp share = With(owner);
        string query = path[path.IndexOf('?', StringComparison.Ordinal)..];
        Task<HttpResponseMessage> call = path.StartsWith("ops", StringComparison.Ordinal)
            ? share.OpsAsync(query) : share.StateAsync(query);
        Assert.Equal("invalid_params", await share.RefusalAsync(call, 400));
    }

    [Theory]
    [InlineData("", "invalid_params")]
    [InlineData("[]", "invalid_params")]
    [InlineData("null", "invalid_params")]
    [InlineData("{}", "invalid_params")]
    [InlineData("""{"batch_id":"b","ops":[]}""", "invalid_batch")]
    [InlineData("""{"batch_id":"b","ops":[null]}""", "invalid_batch")]
    [InlineData("""{"batch_id":"b","ops":[{"op_id":"a","seq":1,"verb":"put","kind":"part","key":"k","data":{}}]}""",
        "invalid_batch")]
    [InlineData("""{"batch_id":"b","ops":[{"op_id":"\ud800","verb":"put","kind":"part","key":"k","data":{}}]}""",
        "invalid_params")]
    public async Task A_malformed_batch_is_refused_and_consumes_nothing(string body, string code)
    {
        using ShareOverHttp share = With(owner);
        Assert.Equal(code, await share.RefusalAsync(share.AppendAsync(body), 400));
        Assert.Equal(0, (await share.JsonAsync(share.OpsAsync())).GetProperty("head").GetInt64());
    }

    [Fact]
    public async Task Text_that_is_not_utf8_is_refused()
    {
        using ShareOverHttp share = With(owner);
        ReadOnlySpan<byte> start =
            """{"batch_id":"b","ops":[{"op_id":"a","verb":"put","kind":"part","key":"k","data":{"a":" """u8;
        byte[] body = [.. start, 0xC3, .. "\"}}]}"u8];
        using var content = new ByteArrayContent(body);
        var path = new Uri($"/v1/shares/{share.ShareId}/ops", UriKind.Relative);
        Assert.Equal("invalid_params",
            await share.RefusalAsync(share.Http.PostAsync(path, content, live.Timeout), 400));
    }

    [Theory]
    [InlineData(-1, 200)]
    [InlineData(0, 200)]
    [InlineData(1, 413)]
    public async Task A_body_over_the_frame_limit_is_too_large(int over, int status)
    {
        var limits = new ProtocolLimits { FrameBytes = 200_000, DocumentBytes = 100_000, OpBytes = 100_000 };
        await using LiveServer small = await LiveServer.StartAsync(limits);
        ShareToken token = await small.CreateShareAsync();
        WireHandle there = await small.RedeemShareAsync(token);
        using var share = new ShareOverHttp(small.Server.Address, ShareIdOf(there), token, small.Timeout);
        string batch = LiveServer.Batch("a").PadRight(limits.FrameBytes + over);
        JsonElement answer = await share.JsonAsync(share.AppendAsync(batch), status);
        if (status == 413) Assert.Equal("too_large", answer.GetProperty("code").GetString());
    }

    [Fact]
    public async Task Waiting_reads_over_http_are_bounded()
    {
        await using LiveServer small =
            await LiveServer.StartAsync(serverLimits: new ServerLimits { HttpWaitingReads = 0 });
        ShareToken token = await small.CreateShareAsync();
        WireHandle there = await small.RedeemShareAsync(token);
        using var share = new ShareOverHttp(small.Server.Address, ShareIdOf(there), token, small.Timeout);
        Assert.Equal("too_many_calls", await share.RefusalAsync(share.OpsAsync("?wait_ms=1"), 429));
        await share.JsonAsync(share.OpsAsync());
    }

    [Fact]
    public async Task Requests_at_once_are_bounded()
    {
        await using LiveServer full = await LiveServer.StartAsync(serverLimits: new ServerLimits { HttpRequests = 0 });
        using var share = new ShareOverHttp(full.Server.Address, RandomId.New(), null, full.Timeout);
        using HttpResponseMessage answer = await share.OpsAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal("1", answer.Headers.RetryAfter?.ToString());
    }

    private static string ShareIdOf(WireHandle handle) => handle.Redemption.GetProperty("share_id").GetString()!;

    private ShareOverHttp With(ShareToken token) => new(live.Server.Address, ShareIdOf(handle), token, live.Timeout);
}
