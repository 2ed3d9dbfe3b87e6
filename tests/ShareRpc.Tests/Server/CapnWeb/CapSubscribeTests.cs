using System.Text.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Protocol.Wire;

namespace ShareRpc.Tests.Server.CapnWeb;

/// <summary>Pages that come to a function of the peer (protocol/neighbours/capnweb.md, CW-19).</summary>
public sealed class CapSubscribeTests : IAsyncLifetime
{
    private LiveServer live = null!;
    private ShareToken guest = null!;
    private WireHandle owner = null!;
    private CapWire wire = null!;
    private int redeemed;

    public async Task InitializeAsync()
    {
        live = await LiveServer.StartAsync();
        owner = await live.RedeemShareAsync(await live.CreateShareAsync());
        guest = await LiveServer.AttenuateAsync(owner, Rights.Read);
        wire = await CapWire.ConnectAsync(live);
        redeemed = await wire.CallAsync(0, "redeemShare", $"\"{guest.Reveal()}\"");
    }

    public async Task DisposeAsync()
    {
        wire.Dispose();
        await live.DisposeAsync();
    }

    [Fact]
    public async Task Each_page_is_a_call_of_the_callback_and_the_last_one_is_the_answer()
    {
        await AppendAsync("a");
        int followed = await SubscribeAsync("""{"after":0,"credit":1000000}""");
        JsonElement first = await PageAsync();
        Assert.Equal(["a"], KeysOf(first));
        Assert.Equal([1, 2], first.GetProperty("ops")[0][0].GetProperty("data").GetProperty("list")[0]
            .EnumerateArray().Select(one => one.GetInt32()));
        await AppendAsync("b");
        Assert.Equal(["b"], KeysOf(await PageAsync()));
        await wire.SendAsync("""["resolve",1,["undefined"]]""");
        Assert.Equal("""["release",1,1]""", (await wire.ReceiveAsync()).GetRawText());
        await FenceAsync();
        await wire.SendAsync("""["resolve",2,["undefined"]]"""); // the answer waits for this one, too
        Assert.Equal("""["release",2,1]""", (await wire.ReceiveAsync()).GetRawText());
        await owner.ResultAsync("endShare", null);
        JsonElement last = (await EndAsync("resolve", followed))[2];
        Assert.True(last.GetProperty("ended").GetBoolean());
        Assert.Equal((2, 0), (last.GetProperty("cursor").GetInt32(), KeysOf(last).Length));
    }

    [Fact]
    public async Task Pages_wait_for_credit_which_an_answer_gives_back()
    {
        await AppendAsync("a");
        await AppendAsync("b");
        await SubscribeAsync("""{"after":0,"credit":1}""");
        Assert.Equal(["a"], KeysOf(await PageAsync()));
        await FenceAsync();
        await wire.SendAsync("""["resolve",1,["undefined"]]""");
        Assert.Equal("release", (await wire.ReceiveAsync())[0].GetString());
        Assert.Equal(["b"], KeysOf(await PageAsync()));
    }

    [Fact]
    public async Task No_more_than_four_calls_are_unanswered()
    {
        await SubscribeAsync("""{"after":0,"credit":1000000}""");
        foreach (string key in new[] { "a", "b", "c", "d" })
        {
            await AppendAsync(key);
            Assert.Equal([key], KeysOf(await PageAsync()));
        }

        await AppendAsync("e");
        await FenceAsync();
        await wire.SendAsync("""["resolve",3,["undefined"]]""");
        Assert.Equal("""["release",3,1]""", (await wire.ReceiveAsync()).GetRawText());
        Assert.Equal(["e"], KeysOf(await PageAsync()));
    }

    [Fact]
    public async Task A_callback_that_throws_ends_the_subscription_with_its_error()
    {
        await AppendAsync("a");
        int followed = await SubscribeAsync("""{"after":0,"credit":1000000}""");
        await PageAsync();
        await wire.SendAsync("""["reject",1,["error","RangeError","mine"]]""");
        Assert.Equal("release", (await wire.ReceiveAsync())[0].GetString());
        Assert.Equal("mine", (await EndAsync("reject", followed))[2][2].GetString());
        await AppendAsync("b"); // the handle goes on
    }

    [Fact]
    public async Task Invariant_I7_a_revocation_ends_it_and_no_page_comes_any_more()
    {
        int followed = await SubscribeAsync("""{"after":0,"credit":1000000}""");
        await owner.ResultAsync("revokeCapability", $$"""{"cap_id":"{{guest.CapId}}"}""");
        JsonElement answer = await EndAsync("reject", followed);
        Assert.Equal("capability_revoked", answer[2][4].GetProperty("code").GetString());
    }

    [Fact]
    public async Task It_needs_a_callback_a_credit_and_the_right_to_read()
    {
        Assert.Equal("invalid_params",
            await wire.CodeAsync(await wire.CallAsync(redeemed, "share.subscribe", """{"credit":1000}""")));
        Assert.Equal("invalid_params",
            await wire.CodeAsync(await wire.CallAsync(redeemed, "share.subscribe", """{},["export",-1]""")));
        JsonElement features = (await wire.ValueAsync(redeemed)).GetProperty("features");
        Assert.Contains("subscribe", features.GetProperty("methods").GetRawText(), StringComparison.Ordinal);
    }

    private async Task<int> SubscribeAsync(string request)
    {
        int id = await wire.CallAsync(redeemed, "share.subscribe", $"{request},[\"export\",-1]");
        await wire.SendAsync($"[\"pull\",{id}]");
        return id;
    }

    /// <summary>Returns the argument of the next call of the callback, which is then pulled.</summary>
    private async Task<JsonElement> PageAsync()
    {
        JsonElement call = await wire.ReceiveAsync();
        Assert.Equal("push", call[0].GetString());
        Assert.Equal("""["pipeline",-1,[]]""", $"[{call[1][0].GetRawText()},{call[1][1]},{call[1][2].GetRawText()}]");
        Assert.Equal("pull", (await wire.ReceiveAsync())[0].GetString());
        return call[1][3][0];
    }

    /// <summary>Returns the answer of a subscription, before which the callback is released.</summary>
    private async Task<JsonElement> EndAsync(string word, int followed)
    {
        Assert.Equal("""["release",-1,1]""", (await wire.ReceiveAsync()).GetRawText());
        JsonElement answer = await wire.ReceiveAsync();
        Assert.Equal((word, followed), (answer[0].GetString(), answer[1].GetInt32()));
        return answer;
    }

    private static string[] KeysOf(JsonElement page) =>
        [.. page.GetProperty("ops")[0].EnumerateArray().Select(op => op.GetProperty("key").GetString()!)];

    /// <summary>Makes a call: its answer is the next message, so no page was on its way.</summary>
    private async Task FenceAsync()
    {
        int fence = await wire.CallAsync(redeemed, "share.readOps", """{"after":100}""");
        await wire.SendAsync($"[\"pull\",{fence}]");
        JsonElement answer = await wire.ReceiveAsync();
        Assert.Equal(("resolve", fence), (answer[0].GetString(), answer[1].GetInt32()));
    }

    private async Task AppendAsync(string key) => await owner.ResultAsync("appendOps",
        $$$"""
        {"batch_id":"{{{key}}}","ops":[{"op_id":"{{{key}}}","verb":"put","kind":"part","key":"{{{key}}}",
        "data":{"list":[1,2]}}]}
        """);
}
