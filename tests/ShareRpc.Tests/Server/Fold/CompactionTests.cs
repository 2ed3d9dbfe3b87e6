using Microsoft.Extensions.Logging.Abstractions;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access;
using ShareRpc.Server.Read;
using ShareRpc.Server.Memory;
using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Server.Fold;

public sealed class CompactionTests
{
    private const int Horizon = 5;

    [Fact]
    public async Task Without_being_asked_to_nothing_is_ever_dropped()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        for (int i = 0; i < 20; i++) await rooms.AppendAsync(owner, ServerRooms.Put("k"));
        await rooms.Folder.FoldShareAsync(owner.Ref.ShareKey!.Value);
        Assert.All(await LogAsync(rooms, owner), op => Assert.NotNull(op.Data));
        Assert.Null((await ReadAsync(rooms, owner, 0)).Gap);
    }

    [Fact]
    public async Task Superseded_ops_beyond_the_horizon_lose_their_data_and_the_others_keep_it()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(compactAfterOps: Horizon);
        Authority owner = await rooms.CreateShareAsync();
        await rooms.AppendAsync(owner, ServerRooms.Put("once"));
        for (int i = 0; i < 19; i++) await rooms.AppendAsync(owner, ServerRooms.Put("k", $$"""{"v":{{i}}}"""));
        await rooms.Folder.FoldShareAsync(owner.Ref.ShareKey!.Value);

        IReadOnlyList<LoggedOp> log = await LogAsync(rooms, owner);
        Assert.Equal([1, .. Enumerable.Range(16, 5)],
            log.Where(op => op.Data is not null).Select(op => (int)op.Cursor));
        Assert.Equal(20, log.Count);
    }

    [Fact]
    public async Task An_op_that_was_kept_as_the_last_of_its_document_loses_its_data_when_a_later_one_is_folded()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(compactAfterOps: Horizon);
        Authority owner = await rooms.CreateShareAsync();
        long share = owner.Ref.ShareKey!.Value;
        await rooms.AppendAsync(owner, ServerRooms.Put("rare"));
        for (int i = 0; i < 10; i++) await rooms.AppendAsync(owner, ServerRooms.Put("k"));
        await rooms.Folder.FoldShareAsync(share);
        Assert.NotNull((await LogAsync(rooms, owner))[0].Data);

        await rooms.AppendAsync(owner, ServerRooms.Put("rare"));
        await rooms.Folder.FoldShareAsync(share);
        Assert.Null((await LogAsync(rooms, owner))[0].Data);
    }

    [Fact]
    public async Task Invariant_I2_an_op_id_outlives_its_data_and_a_resend_is_answered_as_ever()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(compactAfterOps: Horizon);
        Authority owner = await rooms.CreateShareAsync();
        string writer = RandomId.New();
        OpIntent first = ServerRooms.Put("k", """{"v":"first"}""") with { Seq = 1 };
        var batch = new OpBatch { BatchId = "b", Ops = [first] };
        await rooms.Log.AppendAsync(owner, writer, batch);
        for (int i = 0; i < 20; i++) await rooms.AppendAsync(owner, ServerRooms.Put("k"));
        await rooms.Folder.FoldShareAsync(owner.Ref.ShareKey!.Value);
        Assert.Null((await LogAsync(rooms, owner))[0].Data);

        Assert.Equal([new OpCursor(first.OpId, 1)], (await rooms.Log.AppendAsync(owner, writer, batch)).Duplicates);
        Assert.Equal([new OpCursor(first.OpId, 1)],
            (await rooms.AppendAsync(owner, first with { Seq = null })).Duplicates);
        OpIntent other = ServerRooms.Put("k", """{"v":"other"}""", first.OpId);
        Assert.Equal("op_id_reused", Assert.Single((await rooms.AppendAsync(owner, other)).Rejected).Code);
    }

    [Fact]
    public async Task Invariant_I5_a_reader_behind_the_horizon_is_told_of_the_gap_and_goes_on_behind_the_state()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(compactAfterOps: Horizon);
        Authority owner = await rooms.CreateShareAsync();
        for (int i = 1; i <= 20; i++) await rooms.AppendAsync(owner, ServerRooms.Put($"k{i % 3}", $$"""{"v":{{i}}}"""));
        await rooms.Folder.FoldShareAsync(owner.Ref.ShareKey!.Value);

        OpPage page = await ReadAsync(rooms, owner, 0);
        Assert.Equal((15L, 0, 0L, 20L), (page.Gap, page.Ops.Count, page.Cursor, page.Head));
        Assert.Equal(15, (await ReadAsync(rooms, owner, 14)).Gap);
        OpPage after = await ReadAsync(rooms, owner, 15);
        Assert.Null(after.Gap);
        Assert.Equal([16, 17, 18, 19, 20], after.Ops.Select(op => (int)op.Cursor));
        Assert.All(after.Ops, op => Assert.NotNull(op.Data));

        StatePage state = await rooms.Reads.ReadStateAsync(owner, new GetStateRequest());
        Assert.Equal(
            [("k0", 18L, """{"v":18}"""), ("k1", 19L, """{"v":19}"""), ("k2", 20L, """{"v":20}""")],
            state.Docs.Select(doc => (doc.Key, doc.Cursor, doc.Data.ToString())));
        Assert.Equal(20, state.Cursor);
    }

    [Fact]
    public async Task A_compaction_that_did_not_commit_is_done_again()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(compactAfterOps: Horizon);
        Authority owner = await rooms.CreateShareAsync();
        long share = owner.Ref.ShareKey!.Value;
        for (int i = 0; i < 20; i++) await rooms.AppendAsync(owner, ServerRooms.Put("k"));
        rooms.Store.Break();
        await rooms.Folder.FoldShareAsync(share);
        Assert.Equal((0L, 0L), await PositionAsync(rooms, share));
        rooms.Store.Repair();
        await rooms.Folder.FoldShareAsync(share);
        Assert.Equal((15L, 15L), await PositionAsync(rooms, share));
    }

    private static async ValueTask<(long Scanned, long Compacted)> PositionAsync(ServerRooms rooms, long share)
    {
        await using IReadSnapshot snapshot = await rooms.Store.BeginReadAsync();
        ShareRow row = (await snapshot.FindShareAsync(share))!;
        return (row.Scanned, row.Compacted);
    }

    /// <summary>Past the reads, which do not give what has lost its data.</summary>
    private static async ValueTask<IReadOnlyList<LoggedOp>> LogAsync(ServerRooms rooms, Authority owner)
    {
        await using IReadSnapshot snapshot = await rooms.Store.BeginReadAsync();
        return await snapshot.ReadOpsAsync(owner.Ref.ShareKey!.Value, 0, 100, int.MaxValue);
    }

    private static async ValueTask<OpPage> ReadAsync(ServerRooms rooms, Authority owner, long after)
    {
        var feed = new ShareFeed(owner.Ref.ShareKey!.Value, rooms.Limits, rooms.Get<MemoryBudget>(), rooms.Clock,
            NullLogger.Instance);
        feed.Advance(20);
        return await rooms.Reads.ReadNowAsync(owner, feed, new ReadOpsRequest { After = after });
    }
}
