using Microsoft.Extensions.Logging.Abstractions;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server;
using ShareRpc.Server.Access;
using ShareRpc.Server.Memory;
using ShareRpc.Server.Read;

namespace ShareRpc.Tests.Server.Read;

public sealed class ShareReadsTests
{
    private static readonly ReadOpsRequest Waiting = new() { WaitMs = 5_000 };
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Fact]
    public async Task A_waiting_read_is_woken_by_a_commit()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        (Authority owner, ShareFeed feed) = await OpenAsync(rooms);
        Task<OpPage> reading = rooms.Reads.ReadAsync(owner, feed, Waiting, timeout);
        await rooms.AppendAsync(owner, ServerRooms.Put("a"));
        OpPage page = await reading.WaitAsync(timeout);
        Assert.Equal(("a", 1L, 1L, null), (page.Ops[0].Key, page.Cursor, page.Head, page.Ended));
    }

    [Fact]
    public async Task A_waiting_read_is_an_empty_page_when_its_time_is_up()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        (Authority owner, ShareFeed feed) = await OpenAsync(rooms);
        Task<OpPage> reading = rooms.Reads.ReadAsync(owner, feed, Waiting with { After = 3 }, timeout);
        rooms.Clock.Advance(TimeSpan.FromMilliseconds(4_999));
        Assert.False(reading.IsCompleted);
        rooms.Clock.Advance(TimeSpan.FromMilliseconds(1));
        OpPage page = await reading.WaitAsync(timeout);
        Assert.Empty(page.Ops);
        Assert.Equal((3L, 0L), (page.Cursor, page.Head));
    }

    [Fact]
    public async Task A_read_waits_no_longer_than_the_limit()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(protocolLimits: new ProtocolLimits { WaitMs = 1_000 });
        (Authority owner, ShareFeed feed) = await OpenAsync(rooms);
        Task<OpPage> reading =
            rooms.Reads.ReadAsync(owner, feed, new ReadOpsRequest { WaitMs = int.MaxValue }, timeout);
        rooms.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty((await reading.WaitAsync(timeout)).Ops);
    }

    [Fact]
    public async Task A_waiting_read_can_be_cancelled()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        (Authority owner, ShareFeed feed) = await OpenAsync(rooms);
        using var cancel = new CancellationTokenSource();
        Task<OpPage> reading = rooms.Reads.ReadAsync(owner, feed, Waiting, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.WaitAsync(timeout));
    }

    [Fact]
    public async Task A_page_says_whether_a_writer_is_here_by_its_connection_or_by_what_it_appended_just_now()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        (Authority owner, ShareFeed feed) = await OpenAsync(rooms);
        Assert.Null(await WritingAsync());
        await rooms.AppendAsync(owner, ServerRooms.Put("a"));
        Assert.True(await WritingAsync());
        rooms.Clock.Advance(ServerLimits.Default.TurnLease);
        Assert.Null(await WritingAsync());

        feed.AddWriter();
        Assert.True(await WritingAsync());
        feed.RemoveWriter();
        Assert.Null(await WritingAsync());

        feed.AddWriter();
        await rooms.Admin.EndShareAsync(owner);
        Assert.Null(await WritingAsync());

        async Task<bool?> WritingAsync() =>
            (await rooms.Reads.ReadAsync(owner, feed, new ReadOpsRequest(), timeout)).Writing;
    }

    [Fact]
    public async Task Who_opens_a_share_later_learns_when_it_was_appended_to()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        await rooms.AppendAsync(owner, ServerRooms.Put("a"));
        Assert.True(await FirstAsync());
        rooms.Clock.Advance(TimeSpan.FromDays(10));
        Assert.Null(await FirstAsync());

        async Task<bool?> FirstAsync()
        {
            Broadcaster broadcaster = rooms.Broadcaster;
            ShareFeed feed = broadcaster.Acquire(owner.Ref.ShareKey!.Value);
            feed.Advance(1);
            OpPage page = await rooms.Reads.ReadAsync(owner, feed, new ReadOpsRequest { After = 1 }, timeout);
            broadcaster.Release(feed);
            return page.Writing;
        }
    }

    [Fact]
    public async Task An_ended_share_answers_a_waiting_read_at_once()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        (Authority owner, ShareFeed feed) = await OpenAsync(rooms);
        Task<OpPage> reading = rooms.Reads.ReadAsync(owner, feed, Waiting, timeout);
        await rooms.Admin.EndShareAsync(owner);
        Assert.True((await reading.WaitAsync(timeout)).Ended);
        Assert.True((await rooms.Reads.ReadAsync(owner, feed, Waiting, timeout)).Ended);
    }

    [Fact]
    public async Task A_waiting_read_ends_with_the_servers_drain()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        (Authority owner, ShareFeed feed) = await OpenAsync(rooms);
        Task<OpPage> reading = rooms.Reads.ReadAsync(owner, feed, Waiting, timeout);
        await rooms.Get<DrainSignal>().RaiseAsync();
        Assert.Equal(ErrorCode.Draining,
            (await Assert.ThrowsAsync<ShareRpcException>(() => reading.WaitAsync(timeout))).Code);
    }

    [Fact]
    public async Task A_read_that_expires_while_it_waits_is_told_so()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        (Authority owner, ShareFeed feed) = await OpenAsync(rooms);
        var caveats = new Caveats { ExpiresAtMs = rooms.Clock.GetUtcNow().ToUnixTimeMilliseconds() + 1_000 };
        Authority viewer = await rooms.RedeemAsync(await rooms.AttenuateAsync(owner, Rights.Read, caveats));
        Task<OpPage> reading = rooms.Reads.ReadAsync(viewer, feed, Waiting, timeout);
        rooms.Clock.Advance(TimeSpan.FromSeconds(2));
        await rooms.AppendAsync(owner, ServerRooms.Put("a"));
        Assert.Equal(ErrorCode.CapabilityExpired,
            (await Assert.ThrowsAsync<ShareRpcException>(() => reading.WaitAsync(timeout))).Code);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_page_ends_at_its_limits_from_the_ring_as_from_the_store(bool fromRing)
    {
        using ServerRooms rooms =
            await ServerRooms.OpenAsync(protocolLimits: new ProtocolLimits { PageEntries = 3, PageBytes = 4_000 });
        (Authority owner, ShareFeed feed) = await OpenAsync(rooms);
        await rooms.AppendAsync(owner, [.. Enumerable.Range(1, 5).Select(i => ServerRooms.Put($"k{i}"))]);
        await rooms.AppendAsync(owner, ServerRooms.Put("large", $"[\"{new string('x', 9_000)}\"]"),
            ServerRooms.Put("k7"));
        if (!fromRing)
        {
            long share = owner.Ref.ShareKey!.Value;
            feed = new ShareFeed(share, rooms.Limits, rooms.Get<MemoryBudget>(), rooms.Clock, NullLogger.Instance);
        }


        Assert.Equal([1, 2, 3], await ReadAsync(new ReadOpsRequest { Limit = 1_000 }));
        Assert.Equal([4], await ReadAsync(new ReadOpsRequest { After = 3, Limit = 1 }));
        Assert.Equal([4], await ReadAsync(new ReadOpsRequest { After = 3, MaxBytes = 1 }));
        Assert.Equal([4, 5], await ReadAsync(new ReadOpsRequest { After = 3, MaxBytes = int.MaxValue }));
        Assert.Equal([6], await ReadAsync(new ReadOpsRequest { After = 5 }));
        Assert.Equal([7], await ReadAsync(new ReadOpsRequest { After = 6 }));

        async ValueTask<IEnumerable<long>> ReadAsync(ReadOpsRequest request) =>
            (await rooms.Reads.ReadNowAsync(owner, feed, request)).Ops.Select(op => op.Cursor);
    }

    [Fact]
    public async Task Requests_that_make_no_sense_are_refused()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        (Authority owner, ShareFeed feed) = await OpenAsync(rooms);
        ReadOpsRequest[] malformed =
            [new() { After = -1 }, new() { Limit = 0 }, new() { MaxBytes = 0 }, new() { WaitMs = -1 }];
        foreach (ReadOpsRequest request in malformed)
        {
            Assert.Equal(ErrorCode.InvalidParams, (
                await Assert.ThrowsAsync<ShareRpcException>(() =>
                    rooms.Reads.ReadAsync(owner, feed, request, timeout))).Code);
        }

        GetStateRequest[] states =
        [
            new() { Limit = 0 }, new() { Kinds = ["Not a kind"] }, new() { Kinds = [null!] },
            new() { Kinds = [.. Enumerable.Repeat("part", 65)] },
            new() { AfterKey = new DocKey(null!, "k") }, new() { AfterKey = new DocKey("part", null!) },
        ];
        await Assert.AllAsync(states, async request => Assert.Equal(
            ErrorCode.InvalidParams,
                (await Assert.ThrowsAsync<ShareRpcException>(
                    async () => await rooms.Reads.ReadStateAsync(owner, request))).Code));
    }

    [Fact]
    public async Task Invariant_I5_slow_and_fast_readers_see_every_op_once_and_in_order()
    {
        const int Batches = 60;
        const int Size = 5;
        using ServerRooms rooms =
            await ServerRooms.OpenAsync(new() { RingOps = 16, FoldOps = 32 }, new ProtocolLimits { PageEntries = 7 });
        (Authority owner, ShareFeed feed) = await OpenAsync(rooms);
        Task<List<long>>[] readers = [.. Enumerable.Range(
            0, 6).Select(slow => Task.Run(() => FollowAsync(rooms, owner, feed, slow * 3, Batches * Size), timeout))];
        for (int i = 0; i < Batches; i++)
        {
            await rooms.AppendAsync(owner, [.. Enumerable.Range(0, Size).Select(n => ServerRooms.Put($"k{n}"))]);
            if (i % 20 == 0) await rooms.Folder.FoldShareAsync(owner.Ref.ShareKey!.Value);
        }

        foreach (Task<List<long>> reader in readers)
            Assert.Equal(Enumerable.Range(1, Batches * Size).Select(i => (long)i), await reader);
    }

    private async Task<List<long>> FollowAsync(ServerRooms rooms, Authority reader, ShareFeed feed, int yields,
        int count)
    {
        var seen = new List<long>();
        while (seen.Count < count)
        {
            long after = seen.Count == 0 ? 0 : seen[^1];
            OpPage page = await rooms.Reads.ReadAsync(reader, feed,
                new ReadOpsRequest { After = after, WaitMs = 30_000 }, timeout);
            seen.AddRange(page.Ops.Select(op => op.Cursor));
            for (int i = 0; i < yields; i++) await Task.Yield();
        }

        return seen;
    }

    private static async Task<(Authority Owner, ShareFeed Feed)> OpenAsync(ServerRooms rooms)
    {
        Authority owner = await rooms.CreateShareAsync();
        return (owner, rooms.Broadcaster.Acquire(owner.Ref.ShareKey!.Value));
    }
}
