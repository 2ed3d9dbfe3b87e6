using System.Net.WebSockets;
using System.Text;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Protocol.Wire;
using ShareRpc.Tests.Server;

namespace ShareRpc.Tests.Attacks;

/// <summary>Messages that are begun and never ended: nobody waits for their memory, and all of it comes back.</summary>
[Collection(AloneCollection.Name)]
public sealed class UnfinishedMessageTests
{
    private const int Peers = 40;
    private const int Megabyte = 1024 * 1024;
    private const int AttackBytes = (16 * Megabyte) - 1024;
    private const int LargeBytes = (8 * Megabyte) - 32_000;
    private static readonly byte[] Letters = Encoding.ASCII.GetBytes(new string('x', 32_000));
    private static readonly byte[] Piece = Encoding.ASCII.GetBytes(new string(' ', 32_000));

    [Fact]
    public async Task Invariant_I11_forty_large_messages_that_do_not_end_leave_room_for_an_honest_one()
    {
        var limits = ServerLimits.Default with { ScarceRounds = 1, MemoryWait = TimeSpan.FromSeconds(1) };
        await using LiveServer live = await LiveServer.StartAsync(
            serverLimits: limits, more: options => options with { MemoryBudget = 64 * Megabyte });
        ShareToken token = await live.CreateShareAsync();
        var peers = new List<WireConnection>();
        for (int i = 0; i < Peers; i++) peers.Add((await live.RedeemShareAsync(token)).Connection);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        Task[] attacks = [.. peers.Select(AttackAsync)];
        await live.UntilAsync(memory => memory.Used > 10 * Megabyte);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 200L * Megabyte);

        // From the same address as all the others.
        await AppendLargeAsync(live, token);
        live.CloseConnections();
        await Task.WhenAll(attacks);
        await live.AssertNoMemoryIsHeldAsync();
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 64L * Megabyte);
    }

    [Fact]
    public async Task A_message_that_finds_no_memory_in_time_is_closed_1013_and_gives_all_back()
    {
        var limits = ServerLimits.Default with { MemoryWait = TimeSpan.FromMilliseconds(200) };
        await using LiveServer live = await LiveServer.StartAsync(
            serverLimits: limits, more: options => options with { MemoryBudget = 64 * Megabyte });
        ShareToken token = await live.CreateShareAsync();
        var closed = new List<Task<int?>>();
        while (!closed.Exists(close => close.IsCompleted))
        {
            Assert.InRange(closed.Count, 0, Peers);
            WireConnection peer = (await live.RedeemShareAsync(token)).Connection;
            Task sending = SendAsync(peer);
            closed.Add(CloseOfAsync(peer));
            await Task.WhenAny([sending, .. closed]);
        }

        Assert.Equal(1013, await await Task.WhenAny(closed));
        live.CloseConnections();
        await live.AssertNoMemoryIsHeldAsync();
    }

    [Fact]
    public async Task Until_something_was_redeemed_a_message_holds_256_KiB_and_as_much_as_a_frame_then()
    {
        await using LiveServer live = await LiveServer.StartAsync();
        ShareToken token = await live.CreateShareAsync();
        using WireConnection large = await live.ConnectAsync();
        await large.SendAsync(new byte[262_145], WebSocketMessageType.Text, endOfMessage: false);
        Assert.Equal(1009, await large.ReceiveCloseAsync());
        WireHandle share = await live.RedeemShareAsync(token);
        string padding = new(' ', 3_000_000);
        await share.Connection.SendTextAsync($$"""{"jsonrpc":"2.0","id":99,"method":"nothing"{{padding}}}""");
        await share.Connection.ReceiveAsync("99");
    }

    /// <summary>Appends 8 MiB in fragments, coming again when it is told to.</summary>
    private static async Task AppendLargeAsync(LiveServer live, ShareToken token)
    {
        while (true)
        {
            try
            {
                WireHandle writer = await live.RedeemShareAsync(token);
                await SendAsync($$"""
                    {"jsonrpc":"2.0","id":9,"method":"{{writer.Path("appendOps")}}","params":{"batch_id":"b","ops":[
                    {"op_id":"a","verb":"put","kind":"part","key":"k","data":{"text":"
                    """.ReplaceLineEndings(""));
                for (int sent = 0; sent < LargeBytes; sent += Letters.Length)
                    await writer.Connection.SendAsync(Letters, WebSocketMessageType.Text, endOfMessage: false);
                await SendAsync("\"}}]}}", isEnd: true);
                Assert.Contains("\"rejected\":[]", (await writer.Connection.ReceiveAsync("9")).GetRawText(),
                    StringComparison.Ordinal);
                return;

                Task SendAsync(string text, bool isEnd = false) =>
                    writer.Connection.SendAsync(Encoding.ASCII.GetBytes(text), WebSocketMessageType.Text, isEnd);
            }
            catch (Exception refused) when (refused is WebSocketException or IOException)
            {
                Assert.False(live.Timeout.IsCancellationRequested); // closed 1013: it comes again
            }
        }
    }

    /// <summary>Leaves a message unfinished, and answers pings until the end.</summary>
    private static async Task AttackAsync(WireConnection peer)
    {
        await SendAsync(peer);
        await CloseOfAsync(peer);
    }

    private static async Task SendAsync(WireConnection peer)
    {
        try
        {
            for (int sent = 0; sent < AttackBytes - Piece.Length; sent += Piece.Length)
                await peer.SendAsync(Piece, WebSocketMessageType.Text, endOfMessage: false);
        }
        catch (Exception cut) when (IsCut(cut))
        {
            // It was refused or cut off.
        }
    }

    private static async Task<int?> CloseOfAsync(WireConnection peer)
    {
        try
        {
            return await peer.ReceiveCloseAsync();
        }
        catch (Exception cut) when (IsCut(cut))
        {
            return 0;
        }
    }

    private static bool IsCut(Exception cut) =>
        cut is WebSocketException or IOException or ObjectDisposedException or InvalidOperationException;
}
