using ShareRpc.Client;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Client.Writing.Sending;

public class ReconnectTests : ClientTest
{
    [Fact]
    public async Task After_an_outage_of_any_length_the_queue_drains()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        Server.IsDown = true;
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(2_500), null, Timeout);
        await Server.ConnectedAsync(5, Timeout);
        Assert.Equal((2_500L, 0L), (writer.Status.Pending, writer.Status.Failed));
        Assert.IsType<DisconnectedException>(client.LastFailure);

        Server.IsDown = false;
        await client.FlushAsync(Timeout);
        Assert.Equal(Puts(2_500).Select(op => op.OpId), LoggedIds(share));
        Assert.Null(client.LastFailure);
    }

    [Fact]
    public async Task Drops_at_every_turn_lose_nothing_and_double_nothing()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        var batches = new HashSet<string>();
        Server.BeforeAck = batch =>
        {
            lock (batches)
            {
                if (batches.Add(batch.BatchId) && batches.Count % 3 == 0) Server.Drop();
            }

            return Task.CompletedTask;
        };
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        for (int i = 0; i < 20; i++)
            await writer.EnqueueAsync(Puts(5, $"{i}-"), new EnqueueOptions { Atomic = true }, Timeout);
        await client.FlushAsync(Timeout);

        Assert.Equal(Enumerable.Range(0, 20).SelectMany(i => Puts(5, $"{i}-")).Select(op => op.OpId), LoggedIds(share));
        Assert.Equal((100L, 0L), (writer.Status.Acked, writer.Status.Failed));
        Assert.True(Server.Connects > 2); // drops that meet on one connection make one new one
    }

    [Fact]
    public async Task Waits_between_attempts_grow_and_start_over_once_something_was_acknowledged()
    {
        var time = new ManualTimeProvider();
        // Polls are rarer than any retry: else a retry that happens to be as long as a poll could not be told from one.
        Options = Options with
        {
            FirstRetry = TimeSpan.FromSeconds(1), MaxRetry = TimeSpan.FromHours(1), PollInterval = TimeSpan.FromDays(1),
        };
        (_, ShareLink link) = AddShare();
        Server.IsDown = true;
        await using ShareClient client = await OpenAsync(time);
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(1), null, Timeout);
        for (int attempt = 1; attempt <= 12; attempt++)
        {
            await Server.ConnectedAsync(attempt, Timeout);
            TimeSpan ceiling = Options.FirstRetry * Math.Pow(2, attempt - 1);
            TimeSpan wait = await time.TimerAsync(due => due <= ceiling).WaitAsync(Timeout);
            if (attempt == 12) Server.IsDown = false;
            time.Advance(wait);
        }

        await UntilAsync(writer, status => status.Applied == 1);
        Server.IsDown = true;
        int connects = Server.Connects;
        await writer.EnqueueAsync(Puts(1, "later-"), null, Timeout);
        await UntilAsync(writer, status => status.Applied == 2);
        Server.Drop();
        await writer.EnqueueAsync(Puts(1, "last-"), null, Timeout);

        // The first wait after a good connection is under a second again, not up to an hour.
        time.Advance(await time.TimerAsync(due => due <= Options.FirstRetry).WaitAsync(Timeout));
        await Server.ConnectedAsync(connects + 1, Timeout);
        Assert.True(Server.Connects > connects);
    }

    [Fact]
    public async Task Closing_a_client_in_the_middle_of_a_call_ends_at_once_and_keeps_the_rows()
    {
        (_, ShareLink link) = AddShare();
        var asked = new TaskCompletionSource();
        Server.BeforeAck = _ =>
        {
            asked.TrySetResult();
            return new TaskCompletionSource().Task.WaitAsync(Timeout);
        };
        ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(3), null, Timeout);
        await asked.Task.WaitAsync(Timeout);
        await client.DisposeAsync().AsTask().WaitAsync(Timeout);

        await using ShareClient next = await OpenOfflineAsync();
        Assert.Equal(3, next.Shares[0].Status.InFlight);
    }
}
