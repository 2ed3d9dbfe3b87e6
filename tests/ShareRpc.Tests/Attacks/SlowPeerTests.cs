using System.Net.WebSockets;
using System.Text;
using ShareRpc.Server;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Protocol.Wire;
using ShareRpc.Tests.Server;

namespace ShareRpc.Tests.Attacks;

/// <summary>Peers that take their time to hold what is not theirs.</summary>
public sealed class SlowPeerTests
{
    private static readonly byte[] Part = Encoding.UTF8.GetBytes("{\"jsonrpc\":\"2.0\",");

    [Fact]
    public async Task A_message_that_does_not_keep_pace_is_cut_off_and_nobody_else_notices()
    {
        await using LiveServer live = await LiveServer.StartAsync(
            serverLimits: ServerLimits.Default with { FrameGrace = TimeSpan.FromMilliseconds(200),
                FrameRate = 1_000_000 });
        WireHandle owner = await live.RedeemShareAsync(await live.CreateShareAsync());
        var slow = new List<WireConnection>();
        for (int i = 0; i < 50; i++) slow.Add(await live.ConnectAsync());
        await Task.WhenAll(slow.Select(peer => peer.SendAsync(Part, WebSocketMessageType.Text, endOfMessage: false)));
        Task<bool>[] cut = [.. slow.Select(IsCutAsync)];
        await owner.ResultAsync("appendOps", LiveServer.Batch("a"));
        Assert.All(await Task.WhenAll(cut), Assert.True);
        await owner.ResultAsync("appendOps", LiveServer.Batch("b"));
    }

    [Fact]
    public async Task What_came_fast_at_first_earns_a_message_no_time_to_stall()
    {
        await using LiveServer live = await LiveServer.StartAsync(
            serverLimits: ServerLimits.Default with { FrameGrace = TimeSpan.FromSeconds(1), FrameRate = 1_000 });
        WireConnection peer = (await live.RedeemShareAsync(await live.CreateShareAsync())).Connection;
        byte[] much = [.. Part, .. Encoding.UTF8.GetBytes(new string(' ', 3_000_000))]; // 50 minutes at that rate
        await peer.SendAsync(much, WebSocketMessageType.Text, endOfMessage: false);
        Assert.True(await IsCutAsync(peer));
    }

    [Fact]
    public async Task A_large_message_that_keeps_pace_arrives()
    {
        await using LiveServer live = await LiveServer.StartAsync(serverLimits: ServerLimits.Default with { FrameGrace =
            TimeSpan.FromSeconds(20) });
        WireConnection connection = (await live.RedeemShareAsync(await live.CreateShareAsync())).Connection;
        byte[] message = Encoding.UTF8.GetBytes("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"nothing\""
            + new string(' ', 3_000_000) + "}");
        for (int at = 0; at < message.Length; at += 100_000)
        {
            int end = Math.Min(at + 100_000, message.Length);
            await connection.SendAsync(message[at..end], WebSocketMessageType.Text,
                endOfMessage: end == message.Length);
        }

        await connection.ReceiveAsync("7");
    }

    [Fact]
    public async Task A_connection_that_redeems_nothing_is_closed_and_one_that_did_stays()
    {
        var redeemTime = TimeSpan.FromSeconds(59);
        var time = new TimersByHand(redeemTime);
        await using LiveServer live = await LiveServer.StartAsync(
            serverLimits: ServerLimits.Default with { RedeemTime = redeemTime }, time: time);
        WireHandle proven = await live.RedeemShareAsync(await live.CreateShareAsync());
        WireConnection silent = await live.ConnectAsync();
        WireConnection wrong = await live.ConnectAsync();
        await wrong.CallAsync("redeemShare", """{"token":"nonsense"}""");
        await silent.CallAsync("nothing", "{}"); // it is being served
        time.Fire();
        Assert.Equal(1008, await silent.ReceiveCloseAsync());
        Assert.Equal(1008, await wrong.ReceiveCloseAsync());
        await proven.ResultAsync("readOps", "{}");
    }

    private static async Task<bool> IsCutAsync(WireConnection peer)
    {
        try
        {
            await peer.ReceiveCloseAsync();
            return true;
        }
        catch (WebSocketException)
        {
            return true;
        }
    }
}
