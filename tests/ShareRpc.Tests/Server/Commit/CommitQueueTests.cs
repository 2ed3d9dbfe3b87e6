using ShareRpc.Protocol.Errors;
using ShareRpc.Server;
using ShareRpc.Server.Commit;

namespace ShareRpc.Tests.Server.Commit;

public sealed class CommitQueueTests
{
    private readonly ServerLimits limits =
        new() { QueueItems = 3, QueueBytes = 1_000, TransactionOps = 10, TransactionBytes = 500 };

    [Fact]
    public void Invariant_I9_as_many_items_wait_as_the_limit_says()
    {
        var queue = new CommitQueue(limits);
        for (int i = 0; i < 3; i++) queue.Enqueue(new Item());
        ShareRpcException refused = Assert.Throws<ShareRpcException>(() => queue.Enqueue(new Item()));
        Assert.Equal((ErrorCode.Overloaded, limits.OverloadedRetryAfter), (refused.Code, refused.RetryAfter));
        Assert.Equal(3, queue.Count);

        queue.Take([]);
        queue.Enqueue(new Item());
    }

    [Theory]
    [InlineData(399, true)]
    [InlineData(400, true)]
    [InlineData(401, false)]
    public void As_many_bytes_wait_as_the_limit_says(int bytes, bool fits)
    {
        var queue = new CommitQueue(limits);
        queue.Enqueue(new Item { Size = 600 });
        Exception? refused = Record.Exception(() => queue.Enqueue(new Item { Size = bytes }));
        Assert.Equal(fits, refused is null);
    }

    [Fact]
    public void An_item_larger_than_the_limit_waits_alone()
    {
        var queue = new CommitQueue(limits);
        queue.Enqueue(new Item { Size = 5_000 });
        Assert.Throws<ShareRpcException>(() => queue.Enqueue(new Item { Size = 1 }));
        Assert.Single(Take(queue));
        queue.Enqueue(new Item { Size = 1 });
    }

    [Fact]
    public void An_urgent_item_is_never_refused_for_load_and_goes_first()
    {
        var queue = new CommitQueue(limits);
        Item[] waiting = [new(), new(), new()];
        foreach (Item item in waiting) queue.Enqueue(item);
        Item[] urgent = [.. Enumerable.Range(0, 10).Select(_ => new Item { Urgent = true, Size = 1_000 })];
        foreach (Item item in urgent) queue.Enqueue(item);
        Assert.Equal([.. urgent, .. waiting], Take(queue));
    }

    [Fact]
    public void Background_work_goes_along_with_the_next_transaction_one_at_a_time()
    {
        var queue = new CommitQueue(limits with { BackgroundWait = TimeSpan.FromHours(1) });
        Item[] background = [new() { IsBackground = true }, new() { IsBackground = true }];
        foreach (Item item in background) queue.Enqueue(item);
        Item[] others = [new(), new()];
        foreach (Item item in others) queue.Enqueue(item);
        Assert.Equal([.. others, background[0]], Take(queue));

        Item urgent = new() { Urgent = true };
        queue.Enqueue(urgent);
        Assert.Equal([urgent, background[1]], Take(queue));
    }

    [Fact]
    public void Background_work_takes_a_fifth_of_the_time_or_half_the_ops_of_a_transaction()
    {
        var queue = new CommitQueue(limits with { BackgroundWait = TimeSpan.FromHours(1) });
        queue.NoteBackground(TimeSpan.FromHours(1));
        Item[] background = [new() { IsBackground = true }, new() { IsBackground = true }];
        foreach (Item item in background) queue.Enqueue(item);
        Item lone = new();
        queue.Enqueue(lone);
        Assert.Equal([lone], Take(queue));

        Item[] two = [new(), new()];
        foreach (Item item in two) queue.Enqueue(item);
        Assert.Equal([.. two, background[0]], Take(queue));
        queue.NoteBackground(TimeSpan.Zero);
        queue.Enqueue(lone);
        Assert.Equal([lone, background[1]], Take(queue));
    }

    [Fact]
    public void Background_work_has_a_transaction_of_its_own_when_no_other_comes_or_none_will()
    {
        Item alone = new() { IsBackground = true };
        var idle = new CommitQueue(limits with { BackgroundWait = TimeSpan.Zero });
        idle.Enqueue(alone);
        Assert.Equal([alone], Take(idle));

        var closed = new CommitQueue(limits with { BackgroundWait = TimeSpan.FromHours(1) });
        Item[] left = [new() { IsBackground = true }, new() { IsBackground = true }];
        foreach (Item item in left) closed.Enqueue(item);
        closed.Close();
        Assert.Equal(left, Take(closed));
        Assert.False(closed.Take([]));
    }

    [Fact]
    public void Invariant_I9_as_much_background_work_waits_as_the_limit_says()
    {
        var queue = new CommitQueue(limits);
        for (int i = 0; i < 3; i++) queue.Enqueue(new Item { IsBackground = true });
        Assert.Equal(ErrorCode.Overloaded,
            Assert.Throws<ShareRpcException>(() => queue.Enqueue(new Item { IsBackground = true })).Code);
        queue.Enqueue(new Item());
    }

    [Fact]
    public void A_transaction_takes_no_further_item_once_it_is_full()
    {
        var queue = new CommitQueue(limits);
        Item[] byOps = [new() { Count = 9 }, new() { Count = 50 }, new()];
        foreach (Item item in byOps) queue.Enqueue(item);
        Assert.Equal(byOps[..2], Take(queue));
        Assert.Equal(byOps[2..], Take(queue));

        Item[] byBytes = [new() { Size = 499 }, new() { Size = 2 }, new() { Size = 1 }];
        foreach (Item item in byBytes) queue.Enqueue(item);
        Assert.Equal(byBytes[..2], Take(queue));
        Assert.Equal(byBytes[2..], Take(queue));
    }

    [Fact]
    public void A_closed_queue_refuses_everything_and_gives_what_waits()
    {
        var queue = new CommitQueue(limits);
        queue.Enqueue(new Item());
        queue.Close();
        foreach (bool urgent in new[] { false, true })
        {
            ShareRpcException refused =
                Assert.Throws<ShareRpcException>(() => queue.Enqueue(new Item { Urgent = urgent }));
            Assert.Equal((ErrorCode.Draining, limits.DrainingRetryAfter), (refused.Code, refused.RetryAfter));
        }

        Assert.Single(Take(queue));
        Assert.False(queue.Take([]));
    }

    [Fact]
    public async Task One_thread_has_the_turn_and_the_commit_loop_gets_what_came_meanwhile()
    {
        var queue = new CommitQueue(limits with { BackgroundWait = TimeSpan.FromHours(1) });
        Assert.False(queue.TryTake([]));
        Item deferred = new() { Deferred = true };
        queue.Enqueue(deferred);
        var taken = new List<CommitItem>();
        Assert.True(queue.TryTake(taken));
        Assert.Equal([deferred], taken);

        Item[] meanwhile = [new(), new() { Deferred = true }];
        foreach (Item item in meanwhile) queue.Enqueue(item);
        Assert.False(queue.TryTake([]));
        Task<List<CommitItem>> loop = Task.Run(() => Take(queue));
        queue.Release();
        Assert.Equal(meanwhile, await loop.WaitAsync(TimeSpan.FromMinutes(3)));
    }

    [Fact]
    public async Task A_deferred_item_that_nobody_takes_is_for_the_commit_loop_once_it_is_woken()
    {
        var queue = new CommitQueue(limits);
        Task<List<CommitItem>> loop = Task.Run(() => Take(queue));
        Item deferred = new() { Deferred = true };
        queue.Enqueue(deferred);
        queue.Wake();
        Assert.Equal([deferred], await loop.WaitAsync(TimeSpan.FromMinutes(3)));
        queue.Enqueue(deferred);
        queue.Close();
        Assert.False(queue.TryTake([]));
        Assert.Equal([deferred], Take(queue));
    }

    private static List<CommitItem> Take(CommitQueue queue)
    {
        var items = new List<CommitItem>();
        Assert.True(queue.Take(items));
        queue.Release();
        return items;
    }

    private sealed class Item : CommitItem
    {
        public bool Urgent { get; init; }

        public bool Deferred { get; init; }

        public int Count { get; init; } = 1;

        public int Size { get; init; } = 1;

        public override bool IsUrgent => Urgent;

        public override bool IsDeferred => Deferred;

        public override int Ops => Count;

        public override int Bytes => Size;

        public override ValueTask ExecuteAsync(CommitScope scope)
        {
            return default;
        }

        public override void Complete()
        {
        }

        public override void Fail(ShareRpcException error)
        {
        }
    }
}
