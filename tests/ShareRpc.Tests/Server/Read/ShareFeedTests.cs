using Microsoft.Extensions.Logging.Abstractions;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server;
using ShareRpc.Server.Memory;
using ShareRpc.Server.Read;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Read;

public sealed class ShareFeedTests : IDisposable
{
    private readonly ManualTimeProvider clock = new();
    private readonly MemoryBudget memory;
    private readonly ShareFeed feed;

    public ShareFeedTests()
    {
        memory = new MemoryBudget(new ServerOptions { DataDirectory = "", MemoryBudget = 64 * 1024 * 1024 }, clock);
        var limits = new ServerLimits { RingOps = 4, RingBytes = 6_000 };
        feed = new ShareFeed(1, limits, memory, clock, NullLogger.Instance);
        feed.TryRead(0, 1, 1); // a reader
    }

    public void Dispose() => memory.Dispose();

    [Fact]
    public void Only_what_somebody_reads_is_kept_and_no_longer_than_they_do()
    {
        var unread = new ShareFeed(2, ServerLimits.Default, memory, clock, NullLogger.Instance);
        unread.Publish([Op(1, 1_000_000)]);
        Assert.Equal(0, memory.Used);
        Assert.Null(unread.TryRead(0, 10, int.MaxValue));
        unread.Publish([Op(2, 1_000_000)]);
        Assert.InRange(memory.Used, 2_000_000, 2_010_000); // the data, and its bytes on the wire
        Assert.Equal([2L], Cursors(unread.TryRead(1, 10, int.MaxValue)));

        unread.DropIfIdle();
        Assert.NotEqual(0, memory.Used);
        clock.Advance(TimeSpan.FromMinutes(2));
        unread.DropIfIdle();
        Assert.Equal(0, memory.Used);
        Assert.Null(unread.TryRead(1, 10, int.MaxValue));
        unread.Publish([Op(3)]);
        Assert.Equal([3L], Cursors(unread.TryRead(2, 10, int.MaxValue)));
    }

    [Fact]
    public void Rings_share_one_budget_and_the_one_read_longest_ago_goes_first()
    {
        var broadcaster = new Broadcaster(ServerLimits.Default, memory, clock, NullLogger<Broadcaster>.Instance);
        ShareFeed[] feeds = [.. Enumerable.Range(1, 40).Select(i => broadcaster.Acquire(i))];
        foreach (ShareFeed one in feeds)
        {
            clock.Advance(TimeSpan.FromMilliseconds(1));
            one.TryRead(0, 1, 1);
            one.Publish([Op(1, 1_000_000)]);
            Assert.InRange(memory.Used, 0, 12 * 1024 * 1024); // half of what is not the reserve
        }

        Assert.Null(feeds[0].TryRead(0, 10, int.MaxValue));
        Assert.NotNull(feeds[^1].TryRead(0, 10, int.MaxValue));
        foreach (ShareFeed one in feeds) broadcaster.Release(one);
        Assert.Equal(0, memory.Used);
        feeds[^1].Publish([Op(2)]); // found before it was released
        Assert.Equal(0, memory.Used);
    }


    [Fact]
    public void It_keeps_as_many_ops_as_the_limit_says()
    {
        feed.Publish([.. Enumerable.Range(1, 10).Select(i => Op(i))]);
        Assert.Equal(10, feed.Head);
        Assert.Null(feed.TryRead(5, 10, int.MaxValue));
        Assert.Equal([7L, 8L, 9L, 10L], Cursors(feed.TryRead(6, 10, int.MaxValue)));
    }

    [Fact]
    public void It_keeps_as_many_bytes_as_the_limit_says()
    {
        feed.Publish([Op(1, 600), Op(2, 600), Op(3, 600)]);
        Assert.Null(feed.TryRead(0, 10, int.MaxValue));
        Assert.Equal([2L, 3L], Cursors(feed.TryRead(1, 10, int.MaxValue)));

        feed.Publish([Op(4, 5_000)]);
        Assert.Null(feed.TryRead(3, 10, int.MaxValue));
        feed.Publish([Op(5)]);
        Assert.Equal([5L], Cursors(feed.TryRead(4, 10, int.MaxValue)));
        Assert.Null(feed.TryRead(3, 10, int.MaxValue));
    }

    [Fact]
    public void A_page_ends_at_its_limits_but_has_one_op_at_least()
    {
        feed.Publish([Op(1), Op(2), Op(3)]);
        int bytes = feed.TryRead(0, 1, int.MaxValue)![0].Encoded.Length;
        Assert.Equal([1L], Cursors(feed.TryRead(0, 10, 1)));
        Assert.Equal([1L], Cursors(feed.TryRead(0, 10, (2 * bytes) - 1)));
        Assert.Equal([1L, 2L], Cursors(feed.TryRead(0, 10, 2 * bytes)));
        Assert.Equal([2L], Cursors(feed.TryRead(1, 1, int.MaxValue)));
        Assert.Empty(feed.TryRead(3, 10, int.MaxValue)!);
        Assert.Empty(feed.TryRead(99, 10, int.MaxValue)!);
    }

    [Fact]
    public void An_empty_ring_knows_nothing_but_the_head()
    {
        Assert.Null(feed.TryRead(0, 10, int.MaxValue));
        feed.Advance(5);
        feed.Advance(3);
        Assert.Equal(5, feed.Head);
        Assert.Null(feed.TryRead(4, 10, int.MaxValue));
        Assert.Empty(feed.TryRead(5, 10, int.MaxValue)!); // its head is known
    }

    [Fact]
    public void Whoever_waits_is_woken_by_ops_and_by_the_end()
    {
        Task changed = feed.Changed;
        feed.Publish([Op(1)]);
        Assert.True(changed.IsCompleted);
        changed = feed.Changed;
        Assert.False(changed.IsCompleted);
        feed.End();
        Assert.True(changed.IsCompleted);
        Assert.True(feed.Ended);
    }

    [Fact]
    public void A_feed_lives_while_somebody_uses_it()
    {
        var broadcaster = new Broadcaster(ServerLimits.Default, memory, clock, NullLogger<Broadcaster>.Instance);
        ShareFeed first = broadcaster.Acquire(1);
        Assert.Same(first, broadcaster.Acquire(1));
        broadcaster.Release(first);
        broadcaster.Publish(1, [Op(1)]);
        Assert.Equal(1, first.Head);
        broadcaster.Release(first);
        broadcaster.Publish(1, [Op(2)]);
        Assert.Equal(1, first.Head);
        Assert.NotSame(first, broadcaster.Acquire(1));
    }

    private static IEnumerable<long> Cursors(IReadOnlyList<LoggedOp>? ops) => ops!.Select(op => op.Cursor);

    private static LoggedOp Op(long cursor, int size = 1) => new()
    {
        Cursor = cursor, OpId = $"op{cursor}", Verb = Verbs.Put, Kind = Kinds.Part, Key = "k",
        Data = RawJson.Parse($"[\"{new string('x', size)}\"]"),
        Actor = "a", TimeMs = 1, SchemaVersion = 1,
    };
}
