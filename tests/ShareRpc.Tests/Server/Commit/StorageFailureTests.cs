using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access;
using ShareRpc.Server.Append;
using ShareRpc.Server.Commit;

namespace ShareRpc.Tests.Server.Commit;

/// <summary>What is told, and to whom, when the storage fails, and what it takes to be ready again.</summary>
public sealed class StorageFailureTests
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Fact]
    public async Task A_commit_without_a_write_does_not_make_a_failed_storage_healthy()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        OpIntent known = ServerRooms.Put("a");
        await rooms.AppendAsync(owner, known);
        rooms.Store.Break();
        await Assert.ThrowsAsync<ShareRpcException>(() => rooms.AppendAsync(owner, ServerRooms.Put("b")));
        rooms.Store.Repair();

        Assert.Single((await rooms.AppendAsync(owner, known)).Duplicates);
        await Assert.ThrowsAsync<ShareRpcException>(() => rooms.Log.AppendAsync(
            owner, null, new OpBatch { BatchId = "b", Ops = [known with { OpId = "new" }], ExpectedCursor = 9 }));
        Assert.False(rooms.Loop.IsStorageHealthy);

        rooms.Store.Break();
        Assert.False(await rooms.Loop.CanCommitAsync().WaitAsync(timeout));
        rooms.Store.Repair();
        Assert.True(await rooms.Loop.CanCommitAsync().WaitAsync(timeout));
        Assert.True(rooms.Loop.IsStorageHealthy);
    }

    [Fact]
    public async Task When_the_storage_fails_what_was_refused_hears_its_refusal_unless_it_rested_on_what_was_lost()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        var forbidden = new CommitWork<bool>(_ => throw new ShareRpcException(ErrorCode.Forbidden));
        List<Task> calls = await rooms.HoldUpAsync<List<Task>>(() =>
        {
            Task<Ack> lost = rooms.AppendAsync(owner, ServerRooms.Put("a"));
            rooms.Queue.Enqueue(forbidden);
            Task<Ack> onTop = rooms.Log.AppendAsync(
                owner, null, new OpBatch { BatchId = "b", Ops = [ServerRooms.Put("b")], ExpectedCursor = 0 });
            return [lost, forbidden.Completion, onTop];
        }, timeout, breaks: true);

        var codes = new List<ErrorCode>();
        foreach (Task call in calls)
            codes.Add((await Assert.ThrowsAsync<ShareRpcException>(() => call.WaitAsync(timeout))).Code);
        Assert.Equal([ErrorCode.StorageUnavailable, ErrorCode.Forbidden, ErrorCode.StorageUnavailable], codes);
        rooms.Store.Repair();
        Assert.Equal(1, (await rooms.AppendAsync(owner, ServerRooms.Put("c"))).Cursor);
    }

    [Fact]
    public async Task A_batch_that_was_refused_does_not_hold_up_its_resend_that_was_taken_in_the_same_transaction()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        var order = new BatchOrder();
        Task<Ack>[] calls = await rooms.HoldUpAsync<Task<Ack>[]>(
            () => [SendAsync(1, expected: 5), SendAsync(1, expected: null)], timeout);

        Assert.Equal(ErrorCode.CursorMismatch,
            (await Assert.ThrowsAsync<ShareRpcException>(() => calls[0].WaitAsync(timeout))).Code);
        Assert.Equal(1, (await calls[1].WaitAsync(timeout)).Cursor);
        Assert.Equal(2, (await SendAsync(2, expected: null).WaitAsync(timeout)).Cursor);

        Task<Ack> SendAsync(long seq, long? expected) => rooms.Log.AppendAsync(
            owner, "w", new OpBatch
            {
                BatchId = "b", Ops = [ServerRooms.Put("a", opId: $"op{seq}") with { Seq = seq }],
                ExpectedCursor = expected,
            },
            order: order);
    }

    [Fact]
    public async Task A_batch_that_the_storage_did_not_take_is_waited_for_by_those_behind_it()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        var order = new BatchOrder();
        rooms.Store.Break();
        await Assert.ThrowsAsync<ShareRpcException>(() => SendAsync(1));
        rooms.Store.Repair();
        Assert.Equal(ErrorCode.SequenceGap, (await Assert.ThrowsAsync<ShareRpcException>(() => SendAsync(2))).Code);
        await SendAsync(1);
        Assert.Equal(2, (await SendAsync(2)).Cursor);

        Task<Ack> SendAsync(long seq) => rooms.Log.AppendAsync(
            owner, "w", new OpBatch
            {
                BatchId = "b", Ops = [ServerRooms.Put("a", opId: $"op{seq}") with { Seq = seq }],
            },
            order: order);
    }
}
