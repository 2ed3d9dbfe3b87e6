using System.Text.Json;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server.Commit;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Protocol.Wire;

namespace ShareRpc.Tests.Server.Connections;

public sealed class ServerHealthTests
{
    [Fact]
    public async Task The_status_counts_connections_handles_shares_and_what_was_committed()
    {
        await using LiveServer live = await LiveServer.StartAsync();
        ShareToken owner = await live.CreateShareAsync();
        WireHandle share = await live.RedeemShareAsync(owner);
        await share.ResultAsync("appendOps", LiveServer.Batch("a"));
        WireHandle root = await live.RedeemRootAsync();
        JsonElement status = await root.ResultAsync("serverStatus", null);
        Assert.Equal(3, status.GetProperty("connections").GetInt32()); // the share was created on one, too
        Assert.Equal((3, 1), (status.GetProperty("handles").GetInt32(), status.GetProperty("shares").GetInt32()));
        Assert.True(status.GetProperty("ops_per_second").GetDouble() > 0);
        Assert.True(status.GetProperty("commit_ms_p99").GetDouble() >= status.GetProperty("commit_ms_p50").GetDouble());
        Assert.Equal(0, status.GetProperty("queue_items").GetInt32());
        Assert.InRange(status.GetProperty("started_ms").GetInt64(), 1, status.GetProperty("now_ms").GetInt64());
    }

    [Fact]
    public void The_meter_knows_the_last_ten_seconds()
    {
        var clock = new ManualTimeProvider();
        var meter = new CommitMeter(clock);
        Assert.Equal(default, meter.Read());
        for (int i = 1; i <= 10; i++)
        {
            meter.Note(ops: 5, milliseconds: i);
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal((5, 1, 5, 9), meter.Read());
        clock.Advance(TimeSpan.FromSeconds(CommitMeter.Seconds - 1.5));
        Assert.Equal(0.5, meter.Read().OpsPerSecond);
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(default, meter.Read());
    }
}
