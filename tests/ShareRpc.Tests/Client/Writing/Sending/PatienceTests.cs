using ShareRpc.Client;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Client.Writing.Sending;

/// <summary>How long the sender waits, and for what.</summary>
public class PatienceTests : ClientTest
{
    [Fact]
    public async Task An_enqueue_ends_a_long_backoff_early_but_a_server_out_of_reach_is_not_hammered()
    {
        var time = new ManualTimeProvider();
        (_, ShareLink link) = AddShare();
        Server.IsDown = true;
        Options = Options with
        {
            FirstRetry = TimeSpan.FromHours(1), MaxRetry = TimeSpan.FromHours(1), WokenRetry = TimeSpan.FromSeconds(1),
        };
        await using ShareClient client = await OpenAsync(time);
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(1), null, Timeout);
        await Server.ConnectedAsync(1, Timeout);
        await time.TimerAsync(due => due > TimeSpan.FromSeconds(1)).WaitAsync(Timeout);

        for (int i = 0; i < 50; i++) await writer.EnqueueAsync(Puts(1, $"more-{i}-"), null, Timeout);
        await time.TimerAsync(due => due == TimeSpan.FromSeconds(1)).WaitAsync(Timeout);
        Assert.Equal(1, Server.Connects);

        Server.IsDown = false;
        Task flushed = client.FlushAsync(Timeout);
        time.Advance(TimeSpan.FromSeconds(1));
        await Server.ConnectedAsync(2, Timeout);
        while (!flushed.IsCompleted)
        {
            time.Advance(TimeSpan.FromMilliseconds(10)); // FlushAsync and idle lanes look again by the clock
            await Task.Yield();
        }

        await flushed;
        Assert.Equal(51, writer.Status.Applied);
    }

    [Fact]
    public async Task A_writer_with_a_streaming_turn_keeps_its_handle_until_the_turn_is_over()
    {
        var time = new ManualTimeProvider();
        (_, ShareLink link) = AddShare();
        Options = Options with { IdleTime = TimeSpan.FromSeconds(30) };
        await using ShareClient client = await OpenAsync(time);
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync([Turn("begun", "streaming")], null, Timeout);
        await UntilAppliedAsync(writer, 1, time);
        for (int i = 0; i < 100; i++) await PassAsync(time, TimeSpan.FromSeconds(1));
        Assert.Equal(1, Server.LiveHandles);

        await writer.EnqueueAsync([Turn("over", "completed")], null, Timeout);
        await UntilAppliedAsync(writer, 2, time);
        while (Server.LiveHandles > 0) await PassAsync(time, TimeSpan.FromSeconds(1));
    }

    private static OpIntent Turn(string opId, string state) => new()
    {
        OpId = opId, Verb = Verbs.Put, Kind = Kinds.Turn, Key = "t",
        Data = RawJson.Parse($$"""{"state":"{{state}}"}"""),
    };

    private async Task UntilAppliedAsync(ShareWriter writer, long applied, ManualTimeProvider time)
    {
        while (writer.Status.Applied < applied) await PassAsync(time, TimeSpan.FromMilliseconds(20));
    }

    private async Task PassAsync(ManualTimeProvider time, TimeSpan span)
    {
        Timeout.ThrowIfCancellationRequested();
        time.Advance(span);
        for (int i = 0; i < 20; i++) await Task.Yield();
    }
}
