using System.Globalization;
using System.Net.WebSockets;
using System.Text.Json;
using ShareRpc.Tests.Protocol.Wire;
using ShareRpc.Tests.Server;
using Xunit.Abstractions;

namespace ShareRpc.Tests.Attacks;

/// <summary>
/// Ten thousand seeded frames that nobody would send in good faith: the server lives, and nobody else notices.
/// </summary>
public sealed class HostileFrameTests(ITestOutputHelper output)
{
    private const int Frames = 10_000;
    private const int Attackers = 8;

    [Fact]
    public async Task Ten_thousand_hostile_frames_leave_the_server_up_and_other_clients_undisturbed()
    {
        int seed = int.Parse(Environment.GetEnvironmentVariable("SHARERPC_SEED") ?? "1", CultureInfo.InvariantCulture);
        await using LiveServer live = await LiveServer.StartAsync();
        WireHandle owner = await live.RedeemShareAsync(await live.CreateShareAsync());
        using var ended = new CancellationTokenSource();
        Task<int> good = AppendUntilAsync(owner, ended.Token);
        int[] sent =
            await Task.WhenAll(Enumerable.Range(0, Attackers).Select(i => Task.Run(() => AttackAsync(live, seed + i))));
        await ended.CancelAsync();
        int appended = await good;
        output.WriteLine($"seed {seed}: {sent.Sum()} hostile frames, {appended} appends beside them");
        Assert.Equal(Frames, sent.Sum());
        Assert.True(appended > 0);
        JsonElement page = await owner.ResultAsync("readOps", """{"limit":1}""");
        Assert.Equal(appended, page.GetProperty("head").GetInt32()); // each once, and nothing of the attackers'
        Assert.Single((await (await live.RedeemRootAsync()).ResultAsync("listShares", "{}")).GetProperty(
            "shares").EnumerateArray());
    }

    private static async Task<int> AppendUntilAsync(WireHandle owner, CancellationToken ended)
    {
        int appended = 0;
        while (!ended.IsCancellationRequested)
            await owner.ResultAsync("appendOps", LiveServer.Batch($"good{++appended}"));
        return appended;
    }

    private static async Task<int> AttackAsync(LiveServer live, int seed)
    {
        var frames = new HostileFrames(seed);
        int sent = 0;
        while (sent < Frames / Attackers)
        {
            using WireConnection connection = await WireConnection.ConnectAsync(live.Server.Address, live.Timeout);
            try
            {
                // Some frames end their connection; what is sent to a dead one is not counted.
                for (; sent < Frames / Attackers; sent++)
                {
                    (byte[] bytes, WebSocketMessageType type) = frames.Next();
                    await connection.SendAsync(bytes, type);
                }

                await connection.CallAsync("nothing", "{}");
            }
            catch (Exception closed) when (closed is WebSocketException or IOException or ObjectDisposedException)
            {
                continue;
            }
        }

        return sent;
    }
}
