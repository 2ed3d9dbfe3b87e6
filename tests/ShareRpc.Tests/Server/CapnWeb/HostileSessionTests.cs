using ShareRpc.Server;

namespace ShareRpc.Tests.Server.CapnWeb;

/// <summary>Sessions of peers without a token that send what no client would.</summary>
public sealed class HostileSessionTests : IAsyncLifetime
{
    private LiveServer live = null!;

    public async Task InitializeAsync() => live = await LiveServer.StartAsync(serverLimits:
        ServerLimits.Default with { RefusalsLoggedPerMinute = 3, CapnwebExports = 100 });

    public async Task DisposeAsync() => await live.DisposeAsync();

    [Theory]
    [InlineData("no JSON")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("""["push"]""")]
    [InlineData("""["push",1] x""")]
    [InlineData("""["nope",1]""")]
    [InlineData("""["push",[]]""")]
    [InlineData("""["push",["what",1]]""")]
    [InlineData("""["push",["import",1]]""")]
    [InlineData("""["push",["pipeline",1,["a"],[]]]""")]
    [InlineData("""["push",["pipeline",-1,["appendOps"],[{}]]]""")]
    [InlineData("""["push",["pipeline",9007199254740993]]""")]
    [InlineData("""["push",["pipeline",1.5]]""")]
    [InlineData("""["push",["pipeline",0,[{}]]]""")]
    [InlineData("""["push",["pipeline",0,["a"],[1],2]]""")]
    [InlineData("""["push",["export",0]]""")]
    [InlineData("""["push",["export",7]]""")]
    [InlineData("""["push",[[["promise",-1],["promise",-1]]]]""")]
    [InlineData("""["push",["bigint","12x"]]""")]
    [InlineData("""["push",["bytes","A"]]""")]
    [InlineData("""["push",["bytes","AQID","Float99"]]""")]
    [InlineData("""["push",["url","not an address"]]""")]
    [InlineData("""["push",["date","now"]]""")]
    [InlineData("""["push","\ud800"]""", false)]
    [InlineData("""["pull",1]""")]
    [InlineData("""["release",1,1]""")]
    [InlineData("""["release",0,2]""")]
    [InlineData("""["release",0,-1]""")]
    public async Task A_message_that_is_none_ends_the_session_and_says_why(string message, bool ends = true)
    {
        using CapWire wire = await CapWire.ConnectAsync(live);
        await wire.SendAsync(message);
        if (!ends) await wire.SendAsync("[]");
        (string? rule, int? code) = await wire.ReceiveEndAsync();
        Assert.NotNull(rule);
        Assert.Equal(1007, code);
    }

    [Fact]
    public async Task A_deep_expression_ends_the_session()
    {
        using CapWire wire = await CapWire.ConnectAsync(live);
        await wire.SendAsync($"[\"push\",{new string('[', 20_000)}1{new string(']', 20_000)}]");
        Assert.Equal(1007, (await wire.ReceiveEndAsync()).Code);
    }

    [Fact]
    public async Task A_long_bigint_ends_the_session()
    {
        using CapWire wire = await CapWire.ConnectAsync(live);
        await wire.SendAsync($"[\"push\",[\"bigint\",\"{new string('9', 16_385)}\"]]");
        Assert.Equal(1007, (await wire.ReceiveEndAsync()).Code);
    }

    [Fact]
    public async Task A_message_before_a_redemption_is_small()
    {
        using CapWire wire = await CapWire.ConnectAsync(live);
        await wire.SendAsync($"[\"push\",\"{new string('x', 300_000)}\"]");
        Assert.Equal(1009, (await wire.ReceiveEndAsync()).Code);
    }

    [Fact]
    public async Task Results_that_are_never_released_end_the_session_at_the_limit()
    {
        using CapWire wire = await CapWire.ConnectAsync(live);
        for (int i = 0; i < 100; i++) await wire.PushAsync("1");
        Assert.Equal(1007, (await wire.ReceiveEndAsync()).Code);
    }

    [Fact]
    public async Task Exports_of_the_peer_end_the_session_at_the_limit()
    {
        using CapWire wire = await CapWire.ConnectAsync(live);
        string exports = string.Join(',', Enumerable.Range(1, 101).Select(id => $"[\"export\",-{id}]"));
        await wire.PushAsync($"[[{exports}]]");
        Assert.Equal(1007, (await wire.ReceiveEndAsync()).Code);
    }

    [Fact]
    public async Task A_circle_of_promises_stays_open_and_ends_with_the_session()
    {
        using CapWire wire = await CapWire.ConnectAsync(live);
        int circle = await wire.CallAsync(0, "redeemShare", """["promise",-1]""");
        await wire.SendAsync($"[\"resolve\",-1,[\"pipeline\",{circle}]]");
        await wire.SendAsync($"[\"pull\",{circle}]");
        int other = await wire.CallAsync(0, "redeemShare", "\"srpc_x\"");
        Assert.Equal("invalid_token", await wire.CodeAsync(other));
    }

    [Fact]
    public async Task A_long_chain_of_promises_is_settled_without_a_deep_stack()
    {
        using CapWire wire = await CapWire.ConnectAsync(live);
        await wire.PushAsync("""[[["promise",-1]]]""");
        for (int i = 1; i < 90; i++) await wire.PushAsync($"[[[\"pipeline\",{i}]]]");
        await wire.SendAsync("[\"resolve\",-1,5]");
        Assert.Equal($"{new string('[', 180)}5{new string(']', 180)}", (await wire.ValueAsync(90)).GetRawText());
    }

    [Fact]
    public async Task Results_within_results_end_at_the_depth_of_a_message()
    {
        using CapWire wire = await CapWire.ConnectAsync(live);
        await wire.PushAsync("[[1]]");
        for (int i = 1; i < 40; i++)
            await wire.PushAsync($"{new string('[', 120)}[\"pipeline\",{i}]{new string(']', 120)}");

        Assert.Equal("invalid_params", await wire.CodeAsync(40));
        Assert.Equal("5", (await wire.ValueAsync(await wire.PushAsync("5"))).GetRawText());
    }

    [Fact]
    public async Task I11_what_is_pushed_counts_until_it_is_released()
    {
        using CapWire wire = await CapWire.ConnectAsync(live);
        for (int i = 0; i < 4; i++) await wire.PushAsync($"\"{new string('x', 200_000)}\"");
        await live.UntilAsync(memory => memory.Used > 800_000);
        for (int i = 1; i <= 4; i++) await wire.SendAsync($"[\"release\",{i},1]");
        await live.UntilAsync(memory => memory.Used < 200_000);
    }

    [Fact]
    public async Task I11_arguments_that_wait_count_by_what_they_take()
    {
        using CapWire wire = await CapWire.ConnectAsync(live);
        string items = string.Join(',', Enumerable.Repeat("1", 50_000));
        await wire.CallAsync(0, "nothing", $"[[[\"promise\",-1],{items}]]");
        await live.UntilAsync(memory => memory.Used > 50_000 * 64);
        await wire.SendAsync("[\"resolve\",-1,1]");
        await live.UntilAsync(memory => memory.Used < 200_000);
    }

    [Fact]
    public async Task What_a_session_held_is_given_back_with_it()
    {
        for (int round = 0; round < 3; round++)
        {
            using CapWire wire = await CapWire.ConnectAsync(live);
            for (int i = 0; i < 50; i++) await wire.CallAsync(0, "nothing", $"\"{new string('x', 9_000)}\"");
            Assert.Equal("method_not_found", await wire.CodeAsync(1));
        }

        await live.AssertNoMemoryIsHeldAsync();
    }
}
