using ShareRpc.Client;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Client.Writing.Sending;

/// <summary>What does not fit the first message of a connection, and closes over such a message ([WS-3]).</summary>
public class LargeReplayTests : ClientTest
{
    private const int UnprovenBytes = 256 * 1024;

    [Theory]
    [InlineData(1, 1_000_000)]
    [InlineData(1, 245_000)]
    [InlineData(1, 240_000)]
    [InlineData(40, 10_000)]
    [InlineData(900, 1)]
    public async Task Whatever_waits_arrives_though_a_first_message_takes_only_256_KiB(int ops, int bytes)
    {
        Server.FrameBytes = 16 * 1024 * 1024;
        Server.UnprovenBytes = UnprovenBytes;
        (ScriptedShare share, ShareLink link) = AddShare();
        await using (ShareClient offline = await OpenOfflineAsync())
        {
            ShareWriter stored = await offline.JoinShareAsync("test:1", link, Timeout);
            string key = new('k', 200); // long keys count, too
            for (int i = 0; i < ops; i++)
            {
                await stored.EnqueueAsync([Put($"op-{i}", $$"""{"text":"{{new string('x', bytes)}}"}""", key + i)],
                    null, Timeout);
            }
        }

        await using ShareClient client = await OpenAsync();
        await client.FlushAsync(Timeout);
        Assert.Equal(ops, LoggedIds(share).Count);
        Assert.Equal(1, Server.Connects);
        Assert.Equal(0, client.FindShare("test:1")!.Status.Failed);
    }

    [Fact]
    public async Task What_was_in_flight_comes_again_in_its_grouping_and_order()
    {
        Server.FrameBytes = 16 * 1024 * 1024;
        Server.UnprovenBytes = UnprovenBytes;
        (ScriptedShare share, ShareLink link) = AddShare();
        var seen = new List<string>();
        Server.BeforeAck = batch =>
        {
            lock (seen) seen.Add(string.Join(',', batch.Ops.Select(op => op.OpId)));
            if (seen.Count == 2) Server.Drop(); // two were applied, and no answer came
            return Task.CompletedTask;
        };
        await using (ShareClient offline = await OpenOfflineAsync())
        {
            ShareWriter stored = await offline.JoinShareAsync("test:1", link, Timeout);
            string data = $$"""{"text":"{{new string('x', 3_000_000)}}"}""";
            for (int i = 0; i < 6; i++) await stored.EnqueueAsync([Put($"op-{i}", data, $"k{i}")], null, Timeout);
        }

        await using ShareClient client = await OpenAsync();
        await client.FlushAsync(Timeout);
        Assert.Equal(6, LoggedIds(share).Count);
        Assert.Equal([.. LoggedIds(share).Order(StringComparer.Ordinal)], LoggedIds(share));
        lock (seen)
        {
            string[] again = [.. seen.GroupBy(ids => ids).Where(group => group.Count() > 1).Select(group => group.Key)];
            Assert.NotEmpty(again);
            Assert.Equal(6, seen.Distinct().Sum(ids => ids.Split(',').Length)); // no op in two groupings
        }
    }

    [Fact]
    public async Task A_close_during_a_redemption_never_splits_or_parks_an_op()
    {
        Server.FrameBytes = 300; // no redemption fits: a proxy in between, say
        (ScriptedShare share, ShareLink link) = AddShare();
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(3), null, Timeout);
        await Server.ConnectedAsync(8, Timeout);
        Assert.Equal(0, writer.Status.Failed);
        Server.FrameBytes = 1_000_000;
        await writer.FlushAsync(Timeout);
        Assert.Equal((3, 0), (LoggedIds(share).Count, writer.Status.Failed));
    }
}
