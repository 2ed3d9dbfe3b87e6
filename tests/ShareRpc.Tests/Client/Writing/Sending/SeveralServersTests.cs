using ShareRpc.Client;
using ShareRpc.Client.Writing;
using ShareRpc.Client.Writing.Outbox;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Client.Writing.Sending;

/// <summary>One outbox holds the shares of several servers; a client minds those of its own.</summary>
public class SeveralServersTests : ClientTest
{
    private static readonly Uri Other = new("https://other.example.org/");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_row_that_is_due_for_another_server_keeps_nobody_busy(bool isConnected)
    {
        var time = new ManualTimeProvider();
        await AddDueRowAsync();
        (_, ShareLink link) = AddShare();
        await using ShareClient client = await OpenAsync(time);
        if (isConnected)
        {
            ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
            await writer.EnqueueAsync(Puts(1), null, Timeout);
            await UntilAsync(writer, status => status.Applied == 1);
        }

        await time.TimerAsync(due => due == Options.PollInterval).WaitAsync(Timeout);
        for (int i = 0; i < 20; i++) time.Advance(Options.PollInterval);
        long before = client.Sender!.Rounds;
        for (int i = 0; i < 200; i++)
            Assert.Equal([3L], Query("SELECT state FROM refused", row => row.GetInt64(0))); // no time passes for it

        Assert.InRange(client.Sender.Rounds - before, 0, 3);
    }

    [Fact]
    public async Task Rows_that_are_due_move_for_their_own_server_only_and_only_then_is_anybody_woken()
    {
        await AddDueRowAsync();
        using var outbox = new OutboxFile(Options.OutboxPath, ServerAddress.AbsoluteUri, long.MaxValue);
        using var others = new OutboxFile(Options.OutboxPath, Other.AbsoluteUri, long.MaxValue);
        (Task changed, Task othersChanged) = (outbox.Changed, others.Changed);
        outbox.Refused.RequeueDue(1);
        int left = Query("SELECT 1 FROM refused", row => row.GetInt64(0)).Count;
        others.Refused.RequeueDue(1);

        Assert.Equal((false, 1), (changed.IsCompleted, left));
        Assert.True(othersChanged.IsCompleted);
        Assert.Empty(Query("SELECT 1 FROM refused", row => row.GetInt64(0)));
    }

    /// <summary>Stores a row of another server whose wait for a dependency is over.</summary>
    private async Task AddDueRowAsync()
    {
        await using ShareClient other =
            await ShareClient.OpenAsync(Options with { Server = Other }, null, send: false, Timeout);
        await other.CreateShareAsync("test:other", null, Timeout);
        Query(
            """
            INSERT INTO refused (share_key, op_id, verb, kind, key, if_changed, was_sent, state, code,
              outcome_unknown, waiting_since_ms, retry_at_ms)
            SELECT share_key, 'x', 'put', 'part', 'k', 0, 1, 3, 'dependency_missing', 0, 0, 0 FROM share RETURNING 1
            """,
            row => row.GetInt64(0));
    }
}
