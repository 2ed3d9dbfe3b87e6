using Microsoft.Extensions.DependencyInjection;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access;
using ShareRpc.Server.Append;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Read;

namespace ShareRpc.Tests.Server.Commit;

public sealed class CommitLoopTests
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Fact]
    public async Task A_failed_disk_acknowledges_nothing_and_skips_no_cursor()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        Assert.Equal(1, (await rooms.AppendAsync(owner, ServerRooms.Put("a"))).Cursor);
        ShareFeed feed = rooms.Broadcaster.Acquire(owner.Ref.ShareKey!.Value);

        rooms.Store.Break();
        OpIntent lost = ServerRooms.Put("b");
        Task<Ack>[] failing = [rooms.AppendAsync(owner, lost), rooms.AppendAsync(owner, ServerRooms.Put("c"))];
        foreach (Task<Ack> append in failing)
        {
            ShareRpcException error = await Assert.ThrowsAsync<ShareRpcException>(() => append.WaitAsync(timeout));
            Assert.Equal((ErrorCode.StorageUnavailable, true), (error.Code, error.IsTransient));
            Assert.Equal(rooms.Limits.StorageRetryAfter, error.RetryAfter);
        }

        Assert.False(rooms.Loop.IsStorageHealthy);
        Assert.Empty(feed.TryRead(0, 10, int.MaxValue) ?? []);

        rooms.Store.Repair();
        Ack ack = await rooms.AppendAsync(owner, lost, ServerRooms.Put("d")).WaitAsync(timeout);
        Assert.Equal([2L, 3L], ack.Applied.Select(op => op.Cursor));
        Assert.Empty(ack.Duplicates);
        Assert.True(rooms.Loop.IsStorageHealthy);
        OpPage page = await rooms.Reads.ReadNowAsync(owner, feed, new ReadOpsRequest());
        Assert.Equal(["a", "b", "d"], page.Ops.Select(op => op.Key));
    }

    [Fact]
    public async Task A_server_whose_disk_is_back_finds_out_without_any_caller()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        Assert.True(await rooms.Loop.CanCommitAsync());

        rooms.Store.Break();
        await Assert.ThrowsAsync<ShareRpcException>(() =>
            rooms.AppendAsync(owner, ServerRooms.Put("a")).WaitAsync(timeout));
        Assert.False(await rooms.Loop.CanCommitAsync().WaitAsync(timeout));

        rooms.Store.Repair();
        Assert.True(await rooms.Loop.CanCommitAsync().WaitAsync(timeout));
    }

    [Fact]
    public async Task Invariant_I4_nothing_is_acknowledged_or_pushed_before_it_is_committed()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        ShareFeed feed = rooms.Broadcaster.Acquire(owner.Ref.ShareKey!.Value);
        Task<OpPage> reading = rooms.Reads.ReadAsync(owner, feed, new ReadOpsRequest { WaitMs = 30_000 }, timeout);
        var committing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var release = new ManualResetEventSlim();
        rooms.Store.BeforeCommit = () =>
        {
            committing.TrySetResult();
            release.Wait(timeout);
        };

        Task<Ack> append = rooms.AppendAsync(owner, ServerRooms.Put("a"));
        await committing.Task.WaitAsync(timeout);

        Assert.False(append.IsCompleted);
        Assert.False(reading.IsCompleted);
        Assert.Equal(0, feed.Head);
        Assert.Empty((await rooms.Reads.ReadNowAsync(owner, feed, new ReadOpsRequest())).Ops);
        Assert.Empty((await rooms.Reads.ReadStateAsync(owner, new GetStateRequest())).Docs);

        release.Set();
        Assert.Equal(1, (await append.WaitAsync(timeout)).Cursor);
        Assert.Single((await reading.WaitAsync(timeout)).Ops);
    }

    [Fact]
    public async Task What_arrives_during_a_commit_shares_the_next_one()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        List<Task<Ack>> appends = await rooms.HoldUpAsync<List<Task<Ack>>>(
            () => [.. Enumerable.Range(0, 50).Select(i => rooms.AppendAsync(owner, ServerRooms.Put($"k{i}")))],
            timeout);
        int before = rooms.Store.Commits;
        foreach (Task<Ack> append in appends) await append.WaitAsync(timeout);
        Assert.InRange(rooms.Store.Commits - before, 0, 2);
        Assert.Equal(Enumerable.Range(1, 50).Select(i => (long)i),
            (await Task.WhenAll(appends)).Select(ack => ack.Applied[0].Cursor));
    }

    [Fact]
    public async Task An_item_that_fails_unexpectedly_fails_alone()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        var poison = new CommitWork<bool>(scope =>
        {
            scope.Transaction.SetFolded(owner.Ref.ShareKey!.Value, 77);
            throw new InvalidOperationException("poison");
        });
        List<Task<Ack>> appends = await rooms.HoldUpAsync<List<Task<Ack>>>(() =>
        {
            Task<Ack> before = rooms.AppendAsync(owner, ServerRooms.Put("a"));
            rooms.Queue.Enqueue(poison);
            return [before, rooms.AppendAsync(owner, ServerRooms.Put("b"))];
        }, timeout);

        ShareRpcException error =
            await Assert.ThrowsAsync<ShareRpcException>(() => poison.Completion.WaitAsync(timeout));
        Assert.Equal(ErrorCode.Internal, error.Code);
        Assert.Equal([1L, 2L], (await Task.WhenAll(appends).WaitAsync(timeout)).Select(ack => ack.Cursor));
        Assert.Equal(0, (await (await rooms.Store.BeginReadAsync()).FindShareAsync(owner.Ref.ShareKey!.Value))!.Folded);
        Assert.True(rooms.Loop.IsStorageHealthy);
    }

    [Fact]
    public async Task A_chain_of_batches_keeps_its_first_error_when_another_item_fails_unexpectedly()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        var poison = new CommitWork<bool>(_ => throw new InvalidOperationException("poison"));
        List<Task<Ack>> appends = await rooms.HoldUpAsync<List<Task<Ack>>>(() =>
        {
            OpBatch[] batches = [.. new long[] { 1, 5, 2 }.Select(
                seq => new OpBatch { BatchId = "b", Ops = [ServerRooms.Put("a") with { Seq = seq }] })];
            var chain = new ReplayChain(batches[0]);
            List<Task<Ack>> calls = [.. batches.Select(batch => rooms.Log.AppendAsync(owner, "w", batch, chain))];
            rooms.Queue.Enqueue(poison);
            return calls;
        }, timeout);

        Assert.Equal(1, (await appends[0].WaitAsync(timeout)).Cursor);
        Assert.Equal(ErrorCode.SequenceGap,
            (await Assert.ThrowsAsync<ShareRpcException>(() => appends[1].WaitAsync(timeout))).Code);
        Assert.Equal(ErrorCode.Overloaded,
            (await Assert.ThrowsAsync<ShareRpcException>(() => appends[2].WaitAsync(timeout))).Code);
    }

    [Theory]
    [InlineData(Phase.Execute)]
    [InlineData(Phase.Complete)]
    [InlineData(Phase.Fail)]
    [InlineData(Phase.FollowUp)]
    public async Task Whatever_an_item_throws_is_its_own_failure(Phase phase)
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        for (int others = 0; others < 2; others++)
        {
            var item = new ThrowingItem(phase);
            int count = others;
            List<Task<Ack>> appends = await rooms.HoldUpAsync<List<Task<Ack>>>(() =>
            {
                rooms.Queue.Enqueue(item);
                return [.. Enumerable.Range(0, count).Select(i => rooms.AppendAsync(owner, ServerRooms.Put($"k{i}")))];
            }, timeout);
            await Task.WhenAll(appends).WaitAsync(timeout);
            await item.Ended.WaitAsync(timeout);
        }

        Assert.Single((await rooms.AppendAsync(owner, ServerRooms.Put("last")).WaitAsync(timeout)).Applied);
        Assert.True(rooms.Loop.IsStorageHealthy);
    }

    [Fact]
    public async Task A_listener_that_throws_takes_nothing_from_the_others()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(
            configure: services =>
                services.Insert(0, ServiceDescriptor.Singleton<ICommitListener, ThrowingListener>()));
        Authority owner = await rooms.CreateShareAsync();
        ShareFeed feed = rooms.Broadcaster.Acquire(owner.Ref.ShareKey!.Value);
        Assert.Equal(1, (await rooms.AppendAsync(owner, ServerRooms.Put("a")).WaitAsync(timeout)).Cursor);
        Assert.Equal(1, feed.Head);
    }

    [Fact]
    public async Task A_loop_that_drains_does_what_waits()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        Task<Ack>[] appends =
            [.. Enumerable.Range(0, 20).Select(i => rooms.AppendAsync(owner, ServerRooms.Put($"k{i}")))];
        await rooms.CloseAsync();
        Assert.Equal(20, (await Task.WhenAll(appends).WaitAsync(timeout)).Max(ack => ack.Cursor));
        Assert.Equal(ErrorCode.Draining, (
            await Assert.ThrowsAsync<ShareRpcException>(() => rooms.AppendAsync(owner, ServerRooms.Put("late")))).Code);
    }

    public enum Phase
    {
        Execute,
        Complete,
        Fail,
        FollowUp,
    }

    private sealed class ThrowingListener : ICommitListener
    {
        public void OnCommitted(LogShare share) => throw new InvalidOperationException("listener");
    }

    private sealed class ThrowingItem(Phase phase) : CommitItem, IThreadPoolWorkItem
    {
        private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Ended => ended.Task;

        public override IThreadPoolWorkItem FollowUp => this;

        public override ValueTask ExecuteAsync(CommitScope scope)
        {
            if (phase == Phase.Execute) throw new InvalidOperationException("poison");
            if (phase == Phase.Fail) throw new ShareRpcException(ErrorCode.Forbidden);
            return default;
        }

        public override void Complete()
        {
            if (phase == Phase.Complete) throw new InvalidOperationException("poison");
        }

        public override void Fail(ShareRpcException error)
        {
            if (phase == Phase.Fail) throw new InvalidOperationException("poison");
        }

        public void Execute()
        {
            ended.TrySetResult();
            if (phase == Phase.FollowUp) throw new InvalidOperationException("poison");
        }
    }
}
