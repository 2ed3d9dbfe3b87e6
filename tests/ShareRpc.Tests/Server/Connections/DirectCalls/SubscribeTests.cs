using System.Text.Json;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Protocol.Wire;

namespace ShareRpc.Tests.Server.Connections.DirectCalls;

/// <summary>What of subscriptions no vector shows: clocks, many readers, much history.</summary>
public sealed class SubscribeTests
{
    private const string ByDefault = """{"credit":1048576}""";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_silent_subscription_gets_empty_pages_that_say_who_writes(bool isDirect)
    {
        await using LiveServer live = await LiveServer.StartAsync(more: options => options with
        {
            DirectCalls = isDirect, Limits = new ProtocolLimits { WaitMs = 30 },
        });
        WireHandle owner = await live.RedeemShareAsync(await live.CreateShareAsync());
        await owner.ResultAsync("appendOps", LiveServer.Batch("first"));
        await SubscribeAsync(owner, ByDefault);
        Assert.Equal(1, Cursor(await owner.Connection.ReceivePageAsync()));

        for (int i = 0; i < 3; i++)
        {
            JsonElement beat = await owner.Connection.ReceivePageAsync();
            Assert.Equal(0, beat.GetProperty("ops").GetArrayLength());
            Assert.Equal(0, beat.GetProperty("bytes").GetInt32());
            Assert.Equal(1, Cursor(beat));
            Assert.True(beat.GetProperty("writing").GetBoolean());
        }
    }

    [Fact]
    public async Task A_subscription_ends_when_its_ref_expires()
    {
        await using LiveServer live = await LiveServer.StartAsync();
        WireHandle owner = await live.RedeemShareAsync(await live.CreateShareAsync());
        (_, WireHandle reader) = await live.RedeemExpiringAsync(owner);

        JsonElement answer = await reader.CallAsync("subscribe", ByDefault);

        Assert.Equal("capability_expired",
            answer.GetProperty("error").GetProperty("data").GetProperty("code").GetString());
    }

    [Fact]
    public async Task History_comes_from_the_store_in_pages_without_holes_while_new_ops_are_appended()
    {
        const int Count = 2_500;
        await using LiveServer live = await LiveServer.StartAsync();
        ShareToken token = await live.CreateShareAsync();
        WireHandle owner = await live.RedeemShareAsync(token);
        for (int i = 0; i < Count; i += 500) await owner.ResultAsync("appendOps", Batch(i, 500));
        WireHandle reader = await live.RedeemShareAsync(token);
        await SubscribeAsync(reader, """{"credit":65536}""");

        long cursor = 0;
        for (int i = 0; cursor < Count + 20; i++)
        {
            if (i < 20) await owner.ResultAsync("appendOps", LiveServer.Batch($"late{i}"));
            JsonElement page = await reader.Connection.ReceivePageAsync();
            foreach (JsonElement op in page.GetProperty("ops").EnumerateArray()) Assert.Equal(++cursor, Cursor(op));
            int bytes = page.GetProperty("bytes").GetInt32();
            Assert.InRange(bytes, 1, 65536);
            await GiveAsync(reader, bytes);
        }
    }

    [Fact]
    public async Task Many_readers_of_several_profiles_get_every_op_once()
    {
        const int Ops = 60;
        await using LiveServer live = await LiveServer.StartAsync();
        ShareToken token = await live.CreateShareAsync();
        WireHandle owner = await live.RedeemShareAsync(token);
        ShareToken narrow = await LiveServer.AttenuateAsync(owner, Rights.Read, """{"readable":{"note":true}}""");
        Task<long>[] reading = [.. Enumerable.Range(0, 24).Select(async i =>
        {
            WireHandle reader = await live.RedeemShareAsync(i % 3 == 0 ? narrow : token);
            await SubscribeAsync(reader, """{"credit":4096}""");
            return await ReadAsync(reader, Ops, isHidden: i % 3 == 0);
        })];
        for (int i = 0; i < Ops; i++) await owner.ResultAsync("appendOps", LiveServer.Batch($"op{i}"));
        Assert.All(await Task.WhenAll(reading), cursor => Assert.Equal(Ops, cursor));
    }

    [Fact]
    public async Task A_server_that_shuts_down_answers_draining()
    {
        LiveServer live = await LiveServer.StartAsync();
        WireHandle owner = await live.RedeemShareAsync(await live.CreateShareAsync());
        string id = await owner.Connection.RequestAsync(owner.Path("subscribe"), ByDefault);
        await owner.ResultAsync("readOps", "{}");

        Task stopping = live.Server.App.StopAsync();
        JsonElement answer = await owner.Connection.ReceiveAsync(id);

        Assert.Equal("draining", answer.GetProperty("error").GetProperty("data").GetProperty("code").GetString());
        await owner.Connection.SendCloseAsync();
        await stopping;
        await live.DisposeAsync();
    }

    [Fact]
    public async Task Invariant_I9_subscriptions_that_have_ended_hold_no_memory()
    {
        await using LiveServer live = await LiveServer.StartAsync();
        ShareToken token = await live.CreateShareAsync();
        WireHandle owner = await live.RedeemShareAsync(token);
        for (int i = 0; i < 8; i++) await SubscribeAsync(await live.RedeemShareAsync(token), ByDefault);
        for (int i = 0; i < 50; i++) await owner.ResultAsync("appendOps", LiveServer.Batch($"op{i}"));
        await live.AssertNoMemoryIsHeldAsync();
    }

    private static async Task<long> ReadAsync(WireHandle reader, int upTo, bool isHidden)
    {
        long cursor = 0;
        while (cursor < upTo)
        {
            JsonElement page = await reader.Connection.ReceivePageAsync();
            foreach (JsonElement op in page.GetProperty("ops").EnumerateArray())
            {
                Assert.Equal(++cursor, Cursor(op));
                Assert.Equal(isHidden, op.TryGetProperty("hidden", out _));
            }

            await GiveAsync(reader, page.GetProperty("bytes").GetInt32());
        }

        return cursor;
    }

    private static Task SubscribeAsync(WireHandle handle, string parameters) =>
        handle.Connection.RequestAsync(handle.Path("subscribe"), parameters);

    private static Task GiveAsync(WireHandle handle, int bytes) => handle.Connection.SendTextAsync(
        $$"""{"jsonrpc":"2.0","method":"credit","params":{"bytes":{{bytes}}} }""");

    private static long Cursor(JsonElement message) => message.GetProperty("cursor").GetInt64();

    private static string Batch(int first, int count) => "{\"batch_id\":\"b\",\"ops\":["
        + string.Join(',', Enumerable.Range(first, count).Select(i =>
            $$"""{"op_id":"o{{i}}","verb":"put","kind":"part","key":"k{{i}}","data":{"text":"{{i}}"} }""")) + "]}";
}
