using Microsoft.Extensions.Time.Testing;
using ShareRpc.Protocol.Limits;
using ShareRpc.Server;
using ShareRpc.Server.Connections.DirectCalls;
using ShareRpc.Server.Memory;

namespace ShareRpc.Tests.Server.Memory;

/// <summary>Invariant I11: one budget for all that is kept for others.</summary>
public sealed class MemoryBudgetTests : IDisposable
{
    private const long Common = 1_500_000; // without the reserve, and without an eighth of all for garbage
    private const long Half = 650_000; // of it, without what is left to connections
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;
    private readonly MemoryBudget budget = NewBudget(TimeSpan.FromSeconds(20));

    [Fact]
    public void Invariant_I11_a_peer_may_hold_as_much_as_it_leaves_free()
    {
        using MemoryAccount first = budget.Open("192.0.2.1"), again = budget.Open("192.0.2.1"),
        other = budget.Open("192.0.2.2");
        Assert.True(first.TryGrow(Half));
        Assert.False(again.TryGrow(300_000));
        Assert.True(other.TryGrow(300_000));
        first.Shrink(Half);
        Assert.True(again.TryGrow(300_000));
        Assert.Equal(600_000, budget.Used);
    }

    [Fact]
    public void Invariant_I11_a_large_page_counts_from_before_it_is_read_until_it_has_left()
    {
        using MemoryAccount first = budget.Open("192.0.2.1"), second = budget.Open("192.0.2.2");
        using (var page = new ReplyBuffer(new UnsentMemory(first)))
        using (var other = new ReplyBuffer(new UnsentMemory(second)))
        {
            Assert.True(page.TryReserve(Half));
            Assert.False(other.TryReserve(400_000));
            page.Prepare(100_000);
            Assert.True(page.TryCount());
            Assert.InRange(budget.Used, 90_000, 200_000);
            Assert.True(other.TryReserve(400_000));
        }

        Assert.Equal(0, budget.Used);
    }

    [Fact]
    public void Invariant_I11_messages_leave_room_for_connections_and_those_may_take_what_is_free()
    {
        using MemoryAccount first = budget.Open("192.0.2.1"), other = budget.Open("192.0.2.2"),
        connection = budget.Open("192.0.2.3");
        Assert.True(first.TryGrow(Half));
        Assert.True(other.TryGrow(Half / 2));
        Assert.False(other.TryGrow(Half / 2));
        Assert.True(connection.TryConnect(Half / 2));
        Assert.True(connection.TryConnect(175_000));
        Assert.False(connection.TryConnect(175_000));
        connection.Dispose();
        Assert.Equal(Half + (Half / 2), budget.Used);
        Assert.False(other.TryGrow(Half / 2));
    }

    [Fact]
    public void A_network_of_IPv6_is_one_peer()
    {
        using MemoryAccount first = budget.Open("2001:db8::1"), second = budget.Open("2001:db8::2"),
        other = budget.Open("2001:db8:1::1");
        Assert.True(first.TryGrow(Half));
        Assert.False(second.TryGrow(300_000));
        Assert.True(other.TryGrow(300_000));
    }

    [Fact]
    public async Task The_reserve_lets_one_after_the_other_finish_a_whole_message()
    {
        MemoryAccount[] messages = [.. Enumerable.Range(0, 8).Select(i => budget.Open($"192.0.2.{i}"))];
        await Task.WhenAll(messages.Select(async message =>
        {
            // Each grows as a message does, and all of them together are more than there is.
            for (int size = 4_096; size <= 1_000_000; size *= 2)
            {
                Assert.True(await message.GrowAsync(size, timeout));
                Assert.InRange(budget.Used, 1, 4_000_000);
                await Task.Yield();
            }

            message.Dispose();
        }));
        Assert.Equal(0, budget.Used);
    }

    [Fact]
    public async Task The_reserve_goes_first_to_the_peer_that_had_it_longest_ago()
    {
        MemoryAccount[] greedy = [.. Enumerable.Range(0, 4).Select(_ => budget.Open("192.0.2.1"))];
        using MemoryAccount honest = budget.Open("192.0.2.2"), filler = budget.Open("192.0.2.3");
        filler.Force(Common);
        Task<bool>[] waiting = [.. greedy.Select(account => account.GrowAsync(1_000_000, timeout).AsTask())];
        Task<bool> mine = honest.GrowAsync(1_000_000, timeout).AsTask();
        Assert.True(await waiting[0]);
        Assert.False(mine.IsCompleted);
        greedy[0].Dispose();
        Assert.True(await mine);
        Assert.False(waiting[1].IsCompleted);
        honest.Dispose();
        Assert.True(await waiting[1]);
    }

    [Fact]
    public async Task Who_finds_no_room_in_time_gets_none_and_nothing_is_left_of_the_wait()
    {
        using MemoryBudget small = NewBudget(TimeSpan.FromMilliseconds(50));
        MemoryAccount holder = small.Open("192.0.2.1"), second = small.Open("192.0.2.1"),
        late = small.Open("192.0.2.2");
        holder.Force(Common);
        Assert.True(await second.GrowAsync(2_500_000, timeout)); // the reserve
        Assert.False(await late.GrowAsync(1_000_000, timeout));
        using var gone = new CancellationTokenSource();
        Task<bool> leaving = late.GrowAsync(1_000_000, gone.Token).AsTask();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving);
        foreach (MemoryAccount account in (MemoryAccount[])[holder, second, late]) account.Dispose();
        Assert.Equal(0, small.Used);
        Assert.True(small.Open("192.0.2.3").TryGrow(Half));
    }

    [Fact]
    public async Task Who_holds_memory_and_brings_nothing_is_cut_off_while_others_wait()
    {
        var cut = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        MemoryAccount stalled = null!;
        stalled = budget.Open("192.0.2.1", () =>
        {
            stalled.Dispose();
            cut.SetResult();
        });
        using MemoryAccount reserve = budget.Open("192.0.2.2"), waiting = budget.Open("192.0.2.3");
        stalled.Force(Common);
        stalled.BeginReceiving();
        Assert.True(await reserve.GrowAsync(2_500_000, timeout));
        Assert.True(await waiting.GrowAsync(600_000, timeout));
        await cut.Task.WaitAsync(timeout);
    }

    [Fact]
    public async Task An_account_that_is_closed_takes_nothing_any_more()
    {
        MemoryAccount account = budget.Open("192.0.2.1");
        account.Dispose();
        account.Force(1_000);
        Assert.False(account.TryGrow(1_000));
        Assert.False(account.TryConnect(1_000));
        using MemoryBudget small = NewBudget(TimeSpan.FromMilliseconds(50));
        MemoryAccount waiting = small.Open("192.0.2.1");
        Task<bool> tooLate = waiting.GrowAsync(2_000_000, timeout).AsTask();
        waiting.Dispose();
        await tooLate;
        Assert.Equal((0, 0), (budget.Used, small.Used));
    }

    [Fact]
    public void Caches_have_at_most_a_half_and_make_room_for_messages()
    {
        long evicted = 0;
        budget.Evict = bytes =>
        {
            evicted += bytes;
            budget.ReleaseCached(bytes);
        };
        Assert.True(budget.TryCache(Common / 2));
        Assert.False(budget.TryCache(1));
        using MemoryAccount first = budget.Open("192.0.2.1"), other = budget.Open("192.0.2.2");
        Assert.True(first.TryGrow(Half));
        Assert.Equal(0, evicted);
        Assert.True(other.TryGrow(300_000));
        Assert.Equal(200_000, evicted);
        Assert.Equal(Common, budget.Used);
    }

    [Fact]
    public void Too_small_a_budget_is_refused_at_the_start()
    {
        var options = new ServerOptions { DataDirectory = "d", MemoryBudget = (64 * 1024 * 1024) - 1 };
        Assert.Equal("MemoryBudget must be at least 64 MiB.", options.FindMistake());
        options.MemoryBudget = 64 * 1024 * 1024;
        Assert.Null(options.FindMistake());
    }

    public void Dispose() => budget.Dispose();

    /// <summary>A page is not refused because large arrays are still to be collected: whoever can wait waits.</summary>
    [Fact]
    public async Task Only_who_waits_anyway_waits_for_a_collection()
    {
        const int Large = 3_000_000;
        var clock = new FakeTimeProvider();
        using MemoryBudget large = NewBudget(TimeSpan.FromSeconds(20), 24_000_000, clock);
        using MemoryAccount before = large.Open("192.0.2.1"), page = large.Open(null), reply = large.Open("192.0.2.2"),
            message = large.Open("192.0.2.3");
        for (int i = 0; i < 3; i++) Give(Large);
        clock.Advance(TimeSpan.FromMilliseconds(1)); // the first collection is at once, the next one not
        for (int i = 0; i < 3; i++) Give(Large);
        Assert.True(page.TryHold(Large));
        Assert.True(reply.TryGrow(Large));
        reply.Dispose();
        page.Dispose();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        Task<bool> grown = message.GrowAsync(Large, patience.Token).AsTask();
        Assert.False(grown.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(await grown);

        void Give(long bytes)
        {
            Assert.True(before.TryGrow(bytes));
            before.Shrink(bytes);
        }
    }

    private static MemoryBudget NewBudget(TimeSpan wait, long bytes = 4_571_428, TimeProvider? time = null) => new(
        new ServerOptions
        {
            DataDirectory = "", MemoryBudget = bytes,
            Limits = ProtocolLimits.Default with { FrameBytes = 1_000_000 },
            ServerLimits = ServerLimits.Default with { MemoryWait = wait, ScarceRounds = 1, QueueBytes = 0 },
        },
        time ?? TimeProvider.System);
}
