using ShareRpc.Client;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Client.Writing.Sending;

/// <summary>Several processes on one outbox file: two clients in one process are the same to the file.</summary>
public class LeaseTests : ClientTest
{
    private readonly ManualTimeProvider time = new();

    [Fact]
    public async Task One_of_two_clients_sends_and_sends_what_the_other_enqueues()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        await using ShareClient holder = await OpenAsync();
        ShareWriter first = await holder.JoinShareAsync("test:1", link, Timeout);
        await first.EnqueueAsync(Puts(1, "a-"), null, Timeout);
        await holder.FlushAsync(Timeout);
        await using ShareClient second = await OpenAsync();
        ShareWriter other = Assert.Single(second.Shares);
        await other.EnqueueAsync(Puts(3, "b-"), null, Timeout);
        await second.FlushAsync(Timeout);

        Assert.Equal(["a-1", "b-1", "b-2", "b-3"], LoggedIds(share));
        Assert.Equal(1, Server.Connects);
        Assert.Single(share.Log.Select(op => op.WriterId).Distinct());
    }

    [Fact]
    public async Task A_sender_that_ends_in_order_is_followed_at_once()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        await using ShareClient second = await OpenAsync();
        await using (ShareClient holder = await OpenAsync())
        {
            ShareWriter writer = await holder.JoinShareAsync("test:1", link, Timeout);
            await writer.EnqueueAsync(Puts(1, "a-"), null, Timeout);
            await holder.FlushAsync(Timeout);
        }

        await second.Shares[0].EnqueueAsync(Puts(1, "b-"), null, Timeout);
        await second.FlushAsync(Timeout);
        Assert.Equal(["a-1", "b-1"], LoggedIds(share));
    }

    [Fact]
    public async Task A_sender_that_died_is_taken_over_from_within_the_lease_time()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        await using ShareClient client = await OpenOfflineAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(3), null, Timeout);

        LeaveLease("dead", Options.LeaseTime); // without its file: nothing says that it is dead
        await using ShareClient next = await OpenAsync(time);
        await StepAsync(Options.LeaseTime - TimeSpan.FromMilliseconds(100));
        Assert.Equal((0, 3L), (Server.Connects, writer.Status.Pending));

        await StepUntilAsync(() => writer.Status.Applied == 3);
        Assert.Equal(["op-1", "op-2", "op-3"], LoggedIds(share));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_sender_that_was_killed_is_followed_at_once_and_one_that_lives_is_not(bool lives)
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        await using ShareClient client = await OpenOfflineAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(3), null, Timeout);
        string holder = Guid.CreateVersion7().ToString();
        string file = $"{Options.OutboxPath}.sender-{holder}";
        using FileStream alive = new(file, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        if (!lives) await alive.DisposeAsync();
        LeaveLease(holder, TimeSpan.FromDays(1));

        await using ShareClient next = await OpenAsync(time);
        if (lives) await StepAsync(Options.LeaseTime);
        else await StepUntilAsync(() => writer.Status.Applied == 3);

        Assert.Equal(lives ? (0, 3L) : (1, 0L), (Server.Connects, writer.Status.Pending));
        Assert.Equal(lives ? [] : ["op-1", "op-2", "op-3"], LoggedIds(share));
        Assert.Equal(lives, File.Exists(file));
    }

    [Fact]
    public async Task A_sender_that_lost_its_lease_while_it_slept_stops_sending()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        await using ShareClient sleeper = await OpenAsync(time);
        ShareWriter writer = await sleeper.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(1), null, Timeout);
        await StepUntilAsync(() => writer.Status.Applied == 1);

        // Another process took over while this one was suspended, and is alive.
        long end = (time.GetUtcNow() + TimeSpan.FromDays(1)).ToUnixTimeMilliseconds();
        Query($"UPDATE lease SET holder = 'other', expires_ms = {end} RETURNING 1", row => row.GetInt64(0));
        await StepUntilAsync(() => writer.Status.Connection == ConnectionState.Idle);
        await writer.EnqueueAsync(Puts(1, "later-"), null, Timeout);
        await StepAsync(TimeSpan.FromSeconds(10));

        Assert.Equal(["op-1"], LoggedIds(share));
        Assert.Equal(1, writer.Status.Pending);
    }

    [Fact]
    public async Task A_change_does_not_renew_the_lease_only_time_does()
    {
        (_, ShareLink link) = AddShare();
        await using ShareClient client = await OpenAsync(time);
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(1), null, Timeout);
        await StepUntilAsync(() => writer.Status.Applied == 1);
        long before = LeaseEnd();
        for (int i = 0; i < 20; i++)
        {
            await writer.EnqueueAsync(Puts(1, $"{i}-"), null, Timeout);
            await UntilAsync(writer, status => status.Applied == i + 2);
            time.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.Equal(before, LeaseEnd());
        await StepUntilAsync(() => LeaseEnd() != before);
        Assert.True(LeaseEnd() > before);
    }

    /// <summary>Leaves the row of whoever was killed just now.</summary>
    private void LeaveLease(string holder, TimeSpan length)
    {
        long end = (time.GetUtcNow() + length).ToUnixTimeMilliseconds();
        Query($"INSERT INTO lease (server, holder, expires_ms) VALUES ('{ServerAddress.AbsoluteUri}', '{holder}', "
            + $"{end}) RETURNING 1", row => row.GetInt64(0));
    }

    private long LeaseEnd() => Query("SELECT expires_ms FROM lease", row => row.GetInt64(0))[0];

    /// <summary>Lets time pass in small steps, with the client's work in between.</summary>
    private async Task StepAsync(TimeSpan length)
    {
        for (DateTimeOffset end = time.GetUtcNow()
            + length; time.GetUtcNow() < end; time.Advance(TimeSpan.FromMilliseconds(50)))
        {
            await time.TimerAsync(due => due > TimeSpan.Zero).WaitAsync(Timeout);
        }
    }

    private async Task StepUntilAsync(Func<bool> wanted)
    {
        while (!wanted()) await StepAsync(TimeSpan.FromMilliseconds(50));
    }
}
