using Microsoft.Extensions.DependencyInjection;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Access;
using ShareRpc.Server.Connections.Handles;
using ShareRpc.Server.Read;
using ShareRpc.Server.Turns;
using ShareRpc.Tests.Protocol.Wire;

namespace ShareRpc.Tests.Server.Connections;

/// <summary>A connection that breaks leaves no handle behind, nor what a handle holds, whatever it was at.</summary>
public sealed class HandleOwnershipTests
{
    /// <summary>eng/deep-tests takes more.</summary>
    private static readonly int Rounds =
        int.TryParse(Environment.GetEnvironmentVariable("SHARERPC_SIZE"), out int asked) ? asked : 40;

    [Theory]
    [InlineData("the call is half sent")]
    [InlineData("the call is sent")]
    [InlineData("the call and its close are sent")]
    [InlineData("a replay is sent")]
    [InlineData("a replay and its close are sent")]
    [InlineData("the handle waits for ops")]
    [InlineData("the handle is there")]
    public async Task A_socket_that_dies_in_a_redemption_leaves_nothing_behind(string when)
    {
        await using LiveServer live = await LiveServer.StartAsync();
        ShareToken token = await live.CreateShareAsync();
        for (int round = 0; round < Rounds; round++)
        {
            using WireConnection connection = await WireConnection.ConnectAsync(live.Server.Address, live.Timeout);
            await ActAsync(connection, live, token, when, round);
        }

        await AssertNothingIsLeftAsync(live);
    }

    [Fact]
    public void A_handle_that_is_made_after_the_end_of_its_connection_is_disposed_at_once()
    {
        using var state = new SessionState("192.0.2.1", new ServerOptions { DataDirectory = "" });
        Handle before = state.Own(new Handle()), released = state.Own(new Handle());
        state.Disown(released);
        Assert.Equal(1, state.Handles);
        state.Dispose();
        Handle after = state.Own(new Handle());
        Assert.Equal((true, false, true, 0), (before.IsDisposed, released.IsDisposed, after.IsDisposed, state.Handles));
    }

    private static async Task ActAsync(WireConnection connection, LiveServer live, ShareToken token, string when,
        int round)
    {
        string op = $$"""{"op_id":"{{OpId.New()}}","seq":1,"verb":"put","kind":"part","key":"k","data":{} }""";
        bool isReplay = when.Contains("replay", StringComparison.Ordinal);
        string append = isReplay ? $$""","append":[{"batch_id":"b","ops":[{{op}}]}]""" : "";
        string redeem =
            $$"""{"token":"{{token.Reveal()}}","writer_id":"{{RandomId.New()}}"{{append}},"read":{"after":0} }""";
        if (when == "the call is half sent")
        {
            await connection.SendAsync("""{"jsonrpc":"2.0","id":1,"""u8.ToArray(),
                System.Net.WebSockets.WebSocketMessageType.Text, false);
        }
        else if (when.StartsWith("the handle", StringComparison.Ordinal))
        {
            WireHandle share =
                await live.RedeemShareAsync(token, connection, $$""","writer_id":"{{RandomId.New()}}" """);
            if (when == "the handle waits for ops")
                await connection.RequestAsync(share.Path("readOps"), """{"wait_ms":30000}""");
        }
        else
        {
            await connection.RequestAsync("redeemShare", redeem);
        }

        // The connection ends at another moment of the call each time.
        for (int i = 0; i < round; i++) await Task.Yield();
        if (when.EndsWith("close are sent", StringComparison.Ordinal)) await connection.SendCloseAsync();
    }

    private static async Task AssertNothingIsLeftAsync(LiveServer live)
    {
        IServiceProvider services = live.Server.App.Services;
        var registry = services.GetRequiredService<AuthorityRegistry>();
        var broadcaster = services.GetRequiredService<Broadcaster>();
        var writers = services.GetRequiredService<LiveWriters>();
        var health = services.GetRequiredService<ServerHealth>();
        live.CloseConnections();
        while (health.Connections + registry.Count().Handles + broadcaster.Count + writers.Count > 0)
        {
            Assert.False(live.Timeout.IsCancellationRequested,
                $"{health.Connections} connections, {registry.Count().Handles} handles, "
                + $"{broadcaster.Count} feeds and {writers.Count} writers are left");
            await Task.Yield();
        }

        await live.AssertNoMemoryIsHeldAsync();
    }

    private sealed class Handle : IDisposable
    {
        public bool IsDisposed { get; private set; }

        public void Dispose() => IsDisposed = true;
    }
}
