using Microsoft.Extensions.Logging.Abstractions;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server;
using ShareRpc.Server.Read;

namespace ShareRpc.Tests.Server.Read;

public sealed class ShareFeedTests
{
    private readonly ShareFeed feed = new(1, new ServerLimits { RingOps = 4, RingBytes = 2_000 }, NullLogger.Instance);

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
    public void An_empty_ring_knows_nothing()
    {
        Assert.Null(feed.TryRead(0, 10, int.MaxValue));
        feed.Advance(5);
        feed.Advance(3);
        Assert.Equal(5, feed.Head);
        Assert.Null(feed.TryRead(5, 10, int.MaxValue));
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
        var broadcaster = new Broadcaster(ServerLimits.Default, NullLogger<Broadcaster>.Instance);
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
