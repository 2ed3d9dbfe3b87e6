using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server;
using ShareRpc.Server.Access;
using ShareRpc.Server.Append;
using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Server.Append;

public sealed class ShareLogTests
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Fact]
    public async Task Invariant_I1_what_is_behind_a_refused_batch_does_not_overtake_it_when_a_copy_has_used_its_seqs()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        string writer = RandomId.New();
        var original = new BatchOrder();
        var copy = new BatchOrder();
        Task<Ack> AppendAsync(BatchOrder order, long seq, string opId, string? by = null, long? expected = null) =>
            rooms.Log.AppendAsync(
            owner, by ?? writer,
            new OpBatch { BatchId = "b", Ops = [ServerRooms.Put("k", opId: opId) with { Seq = seq }],
                ExpectedCursor = expected },
                order: order);
        async Task<ErrorCode> RefusedAsync(Task<Ack> append) =>
            (await Assert.ThrowsAsync<ShareRpcException>(() => append)).Code;

        await AppendAsync(original, 1, "a1");
        await AppendAsync(copy, 2, "x2");
        Assert.Equal(ErrorCode.WriterForked, await RefusedAsync(AppendAsync(original, 2, "a2")));
        Assert.Equal(ErrorCode.SequenceGap, await RefusedAsync(AppendAsync(original, 3, "a3"))); // it would fit
        await AppendAsync(copy, 3, "x3");

        string next = RandomId.New();
        var fresh = new BatchOrder();
        await AppendAsync(fresh, 1, "a2", next);
        Assert.Equal(ErrorCode.CursorMismatch, await RefusedAsync(AppendAsync(fresh, 2, "a3", next, expected: 99)));
        Assert.Equal(ErrorCode.SequenceGap, await RefusedAsync(AppendAsync(fresh, 3, "a4", next)));
        await AppendAsync(fresh, 2, "a3", next);
        await AppendAsync(fresh, 3, "a4", next);
        Assert.Equal(
            ["a1", "x2", "x3", "a2", "a3", "a4"],
            (await (await rooms.Store.BeginReadAsync()).ReadOpsAsync(owner.Ref.ShareKey!.Value, 0, 10,
                int.MaxValue)).Select(op => op.OpId));
    }

    [Fact]
    public async Task Invariant_I1_cursors_are_gapless_and_each_writers_ops_keep_their_order()
    {
        const int Writers = 8;
        const int Batches = 25;
        const int Size = 4;
        using ServerRooms rooms =
            await ServerRooms.OpenAsync(new ServerLimits { TransactionOps = 20, CachedWriters = 3 });
        Authority owner = await rooms.CreateShareAsync();
        string[] writers = [.. Enumerable.Range(0, Writers).Select(_ => RandomId.New())];

        Ack[][] acks = await Task.WhenAll(
            Enumerable.Range(0, Writers).Select(writer => Task.Run(() => SendAsync(writer), timeout)));

        await using IReadSnapshot snapshot = await rooms.Store.BeginReadAsync();
        IReadOnlyList<LoggedOp> log = await snapshot.ReadOpsAsync(owner.Ref.ShareKey!.Value, 0, int.MaxValue,
            int.MaxValue);
        Assert.Equal(Enumerable.Range(1, Writers * Batches * Size).Select(i => (long)i), log.Select(op => op.Cursor));
        foreach (IGrouping<string?, LoggedOp> ofWriter in log.GroupBy(op => op.WriterId))
        {
            Assert.Equal(Enumerable.Range(1, Batches * Size).Select(i => (long?)i), ofWriter.Select(op => op.Seq));
        }

        Assert.Equal(log.Select(op => (op.OpId, op.Cursor)),
            acks.SelectMany(each => each).SelectMany(ack => ack.Applied)
            .Select(op => (op.OpId, op.Cursor)).OrderBy(op => op.Cursor));

        Task<Ack[]> SendAsync(int writer) =>
            Task.WhenAll(Enumerable.Range(0,
                Batches).Select(batch => rooms.Log.AppendAsync(owner, writers[writer], Batch(writer, batch))));
        OpBatch Batch(int writer, int batch) => new()
        {
            BatchId = "b",
            Ops = [.. Enumerable.Range(0, Size).Select(
                i => ServerRooms.Put($"k{i}", opId: $"w{writer}-{batch}-{i}") with { Seq = (batch * Size) + i + 1 })],
        };
    }

    [Fact]
    public async Task Invariant_I2_an_op_id_is_applied_once_whoever_sends_it_and_however_often()
    {
        const int Writers = 6;
        using ServerRooms rooms = await ServerRooms.OpenAsync(new ServerLimits { TransactionOps = 7 });
        Authority owner = await rooms.CreateShareAsync();
        OpIntent[] shared = [.. Enumerable.Range(0, 40).Select(i => ServerRooms.Put($"k{i}", opId: $"op{i}"))];
        string[] writers = [.. Enumerable.Range(0, Writers).Select(_ => RandomId.New())];

        Ack[] acks = await Task.WhenAll(writers.Select(writer => Task.Run(() => SendAsync(writer), timeout)));
        await rooms.Folder.FoldShareAsync(owner.Ref.ShareKey!.Value);
        Ack[] resent = await Task.WhenAll(writers.Select(writer => Task.Run(() => SendAsync(writer), timeout)));

        Dictionary<string, long> applied =
            acks.SelectMany(ack => ack.Applied).ToDictionary(op => op.OpId, op => op.Cursor);
        Assert.Equal(shared.Select(op => op.OpId).Order(), applied.Keys.Order());
        Assert.All(acks.Concat(resent),
            ack => Assert.All(ack.Duplicates, op => Assert.Equal(applied[op.OpId], op.Cursor)));
        Assert.All(acks, ack => Assert.Equal(shared.Length, ack.Applied.Count + ack.Duplicates.Count));
        Assert.All(resent,
            ack => Assert.Equal((0, shared.Length, 0), (ack.Applied.Count, ack.Duplicates.Count, ack.Rejected.Count)));
        await using IReadSnapshot snapshot = await rooms.Store.BeginReadAsync();
        Assert.Equal(shared.Length, await snapshot.ReadHeadAsync(owner.Ref.ShareKey!.Value));

        Task<Ack> SendAsync(string writer) => rooms.Log.AppendAsync(
            owner, writer, new OpBatch { BatchId = "b", Ops = [.. shared.Select((op, i) => op with { Seq = i + 1 })] });
    }

    [Fact]
    public async Task A_share_whose_fold_lags_too_far_is_overloaded_until_it_has_caught_up()
    {
        var wait = TimeSpan.FromMilliseconds(251);
        using ServerRooms rooms =
            await ServerRooms.OpenAsync(new ServerLimits { TailOps = 3, OverloadedRetryAfter = wait });
        Authority owner = await rooms.CreateShareAsync();
        await rooms.AppendAsync(owner, [.. Enumerable.Range(0, 3).Select(i => ServerRooms.Put($"k{i}"))]);
        OpIntent next = ServerRooms.Put("next");
        ShareRpcException refused = await Assert.ThrowsAsync<ShareRpcException>(() => rooms.AppendAsync(owner, next));
        Assert.Equal((ErrorCode.Overloaded, wait), (refused.Code, refused.RetryAfter));

        await rooms.Folder.FoldShareAsync(owner.Ref.ShareKey!.Value);

        Assert.Equal(4, (await rooms.AppendAsync(owner, next)).Cursor);
    }
}
