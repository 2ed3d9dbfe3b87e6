using System.Text.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Protocol.Wire;

namespace ShareRpc.Tests.Server.CapnWeb;

/// <summary>Sessions at <c>/capnweb</c>, in the messages of the protocol.</summary>
public sealed class CapSessionTests : IAsyncLifetime
{
    private LiveServer live = null!;

    public async Task InitializeAsync() => live = await LiveServer.StartAsync();

    public async Task DisposeAsync() => await live.DisposeAsync();

    [Fact]
    public async Task An_append_is_pipelined_behind_its_redemption_in_one_round_trip()
    {
        ShareToken token = await live.CreateShareAsync();
        using CapWire wire = await CapWire.ConnectAsync(live);
        int redeemed = await wire.CallAsync(0, "redeemShare", $"\"{token.Reveal()}\"");
        int first = await wire.CallAsync(redeemed, "share.appendOps", Batch("a"));
        int second = await wire.CallAsync(redeemed, "share.appendOps", Batch("b"));
        int cursor = await wire.PushAsync($"[\"pipeline\",{second},[\"applied\",0,\"cursor\"]]");
        Assert.Equal(2, (await wire.ValueAsync(cursor)).GetInt64());
        Assert.Equal("a", (await wire.ValueAsync(first)).GetProperty("applied")[0][0].GetProperty("op_id").GetString());
        JsonElement result = await wire.ValueAsync(redeemed);
        Assert.Equal("export", result.GetProperty("share")[0].GetString());
        Assert.True(result.GetProperty("share")[1].GetInt64() < 0);
        Assert.Equal(0, result.GetProperty("cursor").GetInt64());
    }

    [Fact]
    public async Task The_result_of_one_call_is_an_argument_of_the_next()
    {
        ShareToken token = await live.CreateShareAsync();
        using CapWire wire = await CapWire.ConnectAsync(live);
        int redeemed = await wire.CallAsync(0, "redeemShare", $"\"{token.Reveal()}\"");
        int appended = await wire.CallAsync(redeemed, "share.appendOps", Batch("a"));
        await wire.CallAsync(redeemed, "share.appendOps", Batch("b"));
        int page = await wire.CallAsync(redeemed, "share.readOps",
            $$"""{"after":["pipeline",{{appended}},["cursor"]],"limit":1,"wait_ms":30000}""");
        JsonElement ops = (await wire.ValueAsync(page)).GetProperty("ops")[0];
        Assert.Equal("b", Assert.Single(ops.EnumerateArray()).GetProperty("op_id").GetString());
    }

    [Fact]
    public async Task Errors_have_our_code_and_action_as_properties()
    {
        ShareToken token = await live.CreateShareAsync();
        using CapWire wire = await CapWire.ConnectAsync(live);
        int redeemed = await wire.CallAsync(0, "redeemShare", $"\"{token.Reveal()}\"");
        JsonElement gap = (await wire.PullAsync(await wire.CallAsync(
            redeemed, "share.appendOps", """{"batch_id":"b","ops":[[]]}""")))[2];
        Assert.Equal(("error", "Error", "invalid_batch", "split"), (gap[0].GetString(), gap[1].GetString(),
            gap[4].GetProperty("code").GetString(), gap[4].GetProperty("action").GetString()));
        Assert.Equal("invalid_token", await wire.CodeAsync(await wire.CallAsync(0, "redeemShare", "\"srpc_x\"")));
        Assert.Equal("invalid_params", await wire.CodeAsync(await wire.CallAsync(0, "redeemShare")));
        Assert.Equal("invalid_params",
            await wire.CodeAsync(await wire.CallAsync(redeemed, "share.readOps", """{"after":["date",0]}""")));
        Assert.Equal("method_not_found", await wire.CodeAsync(await wire.CallAsync(redeemed, "share.erase", "{}")));
        Assert.Equal("method_not_found", await wire.CodeAsync(await wire.CallAsync(redeemed, "cursor", "{}")));
        Assert.Equal("forbidden", await wire.CodeAsync(await wire.CallAsync(0, "redeemRoot", $"\"{token.Reveal()}\"")));
    }

    [Fact]
    public async Task A_handle_lives_as_long_as_its_result_or_its_stub()
    {
        ShareToken token = await live.CreateShareAsync();
        using CapWire wire = await CapWire.ConnectAsync(live);
        WireHandle root = await live.RedeemRootAsync();
        long before = await HandlesAsync();
        int redeemed = await wire.CallAsync(0, "redeemShare", $"\"{token.Reveal()}\"");
        long share = (await wire.ValueAsync(redeemed)).GetProperty("share")[1].GetInt64();
        await wire.SendAsync($"[\"release\",{redeemed},1]");
        await wire.ValueAsync(await wire.CallAsync(share, "readOps", "{}"));
        Assert.Equal(before + 1, await HandlesAsync());
        await wire.SendAsync($"[\"release\",{share},1]");
        await wire.CodeAsync(await wire.CallAsync(0, "redeemShare", "\"srpc_x\"")); // the release has been taken
        Assert.Equal(before, await HandlesAsync());

        async Task<long> HandlesAsync() =>
            (await root.ResultAsync("serverStatus", "{}")).GetProperty("handles").GetInt64();
    }

    [Fact]
    public async Task I7_a_revocation_reaches_stubs_and_what_was_read_but_not_given()
    {
        ShareToken owner = await live.CreateShareAsync();
        WireHandle handle = await live.RedeemShareAsync(owner);
        ShareToken guest = await LiveServer.AttenuateAsync(handle, Rights.Read | Rights.Append);
        using CapWire wire = await CapWire.ConnectAsync(live);
        int redeemed = await wire.CallAsync(0, "redeemShare", $"\"{guest.Reveal()}\"");
        int page = await wire.CallAsync(redeemed, "share.readOps", "{}");
        await wire.ValueAsync(await wire.CallAsync(redeemed, "share.appendOps", Batch("a")));
        int waiting = await wire.CallAsync(redeemed, "share.readOps", """{"after":1,"wait_ms":30000}""");
        await handle.ResultAsync("revokeCapability", $$"""{"cap_id":"{{guest.CapId}}"}""");
        Assert.Equal("capability_revoked", await wire.CodeAsync(waiting));
        Assert.Equal("capability_revoked", await wire.CodeAsync(page));
        Assert.Equal("capability_revoked",
            await wire.CodeAsync(await wire.CallAsync(redeemed, "share.appendOps", Batch("b"))));
    }

    [Fact]
    public async Task A_call_that_waits_for_an_argument_outlives_the_release_of_its_object()
    {
        ShareToken token = await live.CreateShareAsync();
        using CapWire wire = await CapWire.ConnectAsync(live);
        int redeemed = await wire.CallAsync(0, "redeemShare", $"\"{token.Reveal()}\"");
        await wire.ValueAsync(await wire.PushAsync($"[\"pipeline\",{redeemed},[\"cursor\"]]"));
        int page = await wire.CallAsync(redeemed, "share.readOps", """{"after":["promise",-1]}""");
        await wire.SendAsync($"[\"release\",{redeemed},1]");
        await wire.SendAsync("""["resolve",-1,0]""");
        Assert.Equal(0, (await wire.ValueAsync(page)).GetProperty("head").GetInt64());
    }

    [Theory]
    [InlineData("""["push",["remap",0,[],[],[]]]""")]
    [InlineData("""["push",["pipeline",0,["redeemShare"],[["blob","",["readable",1]]]]]""")]
    [InlineData("""["push",["writable",-1]]""")]
    [InlineData("""["push",["headers",[["a","b"]]]]""")]
    [InlineData("""["pipe"]""")]
    [InlineData("""["stream",["pipeline",0,["redeemShare"],["x"]]]""")]
    public async Task What_this_server_has_no_use_for_is_rejected_and_the_session_goes_on(string message)
    {
        using CapWire wire = await CapWire.ConnectAsync(live);
        await wire.SendAsync(message);
        if (!message.StartsWith("[\"stream\"", StringComparison.Ordinal)) await wire.SendAsync("[\"pull\",1]");
        JsonElement rejected = await wire.ReceiveAsync();
        Assert.Equal(("reject", 1, "TypeError"),
            (rejected[0].GetString(), rejected[1].GetInt32(), rejected[2][1].GetString()));
        await wire.SendAsync("""["push",["pipeline",0,["redeemShare"],["srpc_x"]]]""");
        await wire.SendAsync("[\"pull\",2]");
        Assert.Equal(2, (await wire.ReceiveAsync())[1].GetInt32());
    }

    [Fact]
    public async Task A_promise_of_the_peer_is_awaited_and_replaced()
    {
        ShareToken token = await live.CreateShareAsync();
        using CapWire wire = await CapWire.ConnectAsync(live);
        int redeemed = await wire.CallAsync(0, "redeemShare", """{"token":["promise",-1]}""");
        await wire.SendAsync($"[\"resolve\",-1,\"{token.Reveal()}\"]");
        Assert.Equal("""["release",-1,1]""", (await wire.ReceiveTextAsync())!);
        Assert.True((await wire.ValueAsync(redeemed)).TryGetProperty("share", out _));
    }

    [Theory]
    [InlineData("""["date",1749342170815]""")]
    [InlineData("""["date",null]""")]
    [InlineData("""["bytes","AQID"]""")]
    [InlineData("""["bytes","AQI","Int16Array"]""")]
    [InlineData("""["bigint","-123456789012345678901234567890"]""")]
    [InlineData("""["undefined"]""")]
    [InlineData("""[[["inf"],["-inf"],["nan"],[[]],{"a":[["x"]]}]]""")]
    [InlineData("""["url","https://example.com/a?b=1"]""")]
    [InlineData("""["error","TypeError","no"]""")]
    public async Task A_pushed_value_comes_back_as_it_was(string expression)
    {
        using CapWire wire = await CapWire.ConnectAsync(live);
        Assert.Equal(expression, (await wire.ValueAsync(await wire.PushAsync(expression))).GetRawText());
    }

    private static string Batch(string opId) =>
        $$$"""{"batch_id":"b","ops":[[{"op_id":"{{{opId}}}","verb":"put","kind":"part","key":"k","data":{}}]]}""";
}
