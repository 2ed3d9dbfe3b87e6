using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Changes;
using ShareRpc.Server.Read;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Sqlite;

namespace ShareRpc.Tests.Server.Access.Changes;

/// <summary>Shares that are kept for some days after their last append, by a clock that the test moves.</summary>
public sealed class ShareExpiryTests
{
    [Fact]
    public async Task A_share_goes_when_nothing_was_appended_for_so_long_and_an_append_puts_that_off()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        rooms.Get<ServerOptions>().KeepShares = TimeSpan.FromDays(2);
        ShareExpiry expiry = rooms.Get<ShareExpiry>();
        Authority idle = await rooms.CreateShareAsync();
        Authority busy = await rooms.CreateShareAsync();
        ShareToken guest = await rooms.AttenuateAsync(idle, Rights.Read);
        await rooms.AppendAsync(idle, ServerRooms.Put("a"));
        rooms.Clock.Advance(TimeSpan.FromDays(1));
        await rooms.AppendAsync(busy, ServerRooms.Put("a"));
        rooms.Clock.Advance(TimeSpan.FromDays(1) - TimeSpan.FromMilliseconds(1));
        await expiry.SweepAsync(CancellationToken.None);
        await rooms.RedeemAsync(guest);

        rooms.Clock.Advance(TimeSpan.FromMilliseconds(1));
        await expiry.SweepAsync(CancellationToken.None);
        ShareRpcException refused = await Assert.ThrowsAsync<ShareRpcException>(() => rooms.RedeemAsync(guest));
        Assert.Equal(ErrorCode.ShareDeleted, refused.Code);
        Assert.Equal(ErrorCode.ShareDeleted,
            (await Assert.ThrowsAsync<ShareRpcException>(() => rooms.AppendAsync(idle, ServerRooms.Put("b")))).Code);
        await rooms.AppendAsync(busy, ServerRooms.Put("b"));
        Assert.Single((await rooms.Lists.ListAuditAsync(rooms.Root, new AuditRequest())).Entries,
            entry => entry.Action == "expire_share");
        await using IReadSnapshot snapshot = await rooms.Store.BeginReadAsync();
        Assert.Equal(idle.Ref.ShareKey, await snapshot.FindUnerasedShareAsync());
    }

    [Fact]
    public async Task The_owner_puts_it_off_of_an_ended_share_too_and_nobody_else_does()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        var keep = TimeSpan.FromDays(2);
        rooms.Get<ServerOptions>().KeepShares = rooms.Reads.KeepShares = keep;
        ShareExpiry expiry = rooms.Get<ShareExpiry>();
        Authority owner = await rooms.CreateShareAsync();
        ShareToken guest = await rooms.AttenuateAsync(owner, Rights.Read);
        Authority reader = await rooms.RedeemAsync(guest);
        await rooms.AppendAsync(owner, ServerRooms.Put("a"));
        await rooms.Admin.EndShareAsync(owner);
        rooms.Clock.Advance(keep - TimeSpan.FromMilliseconds(1));
        await Assert.ThrowsAsync<ShareRpcException>(() => rooms.Admin.KeepShareAsync(reader));
        await rooms.Admin.KeepShareAsync(owner);
        ShareFeed feed = await FeedAsync(rooms, owner.Ref.ShareKey!.Value);
        Assert.Equal((rooms.Clock.GetUtcNow() + keep).ToUnixTimeMilliseconds(),
            await rooms.Reads.KeptUntilAsync(feed));

        rooms.Clock.Advance(keep - TimeSpan.FromMilliseconds(1));
        await expiry.SweepAsync(CancellationToken.None);
        await rooms.RedeemAsync(guest);
        rooms.Clock.Advance(TimeSpan.FromMilliseconds(1));
        await expiry.SweepAsync(CancellationToken.None);
        Assert.Equal(ErrorCode.ShareDeleted,
            (await Assert.ThrowsAsync<ShareRpcException>(() => rooms.RedeemAsync(guest))).Code);
        Assert.Single((await rooms.Lists.ListAuditAsync(rooms.Root, new AuditRequest())).Entries,
            entry => entry.Action == "keep_share");
    }

    [Fact]
    public async Task A_restore_puts_it_off_since_the_backup_does_not_know_what_was_appended_since()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        rooms.Get<ServerOptions>().KeepShares = TimeSpan.FromDays(2);
        Authority share = await rooms.CreateShareAsync();
        rooms.Clock.Advance(TimeSpan.FromDays(30));
        await ((SqliteShareStore)rooms.Store.Inner).MarkRestoredAsync(
            rooms.Clock.GetUtcNow().ToUnixTimeMilliseconds(), suspends: false);
        rooms.Clock.Advance(TimeSpan.FromDays(2) - TimeSpan.FromMilliseconds(1));
        await rooms.Get<ShareExpiry>().SweepAsync(CancellationToken.None);
        await rooms.AppendAsync(share, ServerRooms.Put("a"));

        rooms.Clock.Advance(TimeSpan.FromDays(2));
        await rooms.Get<ShareExpiry>().SweepAsync(CancellationToken.None);
        Assert.Equal(ErrorCode.ShareDeleted,
            (await Assert.ThrowsAsync<ShareRpcException>(() => rooms.AppendAsync(share, ServerRooms.Put("b")))).Code);
    }

    [Fact]
    public async Task Nothing_goes_before_the_server_has_run_for_an_interval()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        rooms.Get<ServerOptions>().KeepShares = TimeSpan.FromDays(2);
        Authority share = await rooms.CreateShareAsync();
        rooms.Clock.Advance(TimeSpan.FromDays(2));
        using var stopping = new CancellationTokenSource();
        var swept = new TaskCompletionSource();
        Task loop = rooms.Get<ShareExpiry>().RunAsync(swept.SetResult, stopping.Token);
        rooms.Clock.Advance(rooms.Limits.GrantSweepInterval - TimeSpan.FromMilliseconds(1));
        Assert.False(swept.Task.IsCompleted);
        await rooms.AppendAsync(share, ServerRooms.Put("a"));
        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loop);
    }

    [Fact]
    public async Task A_share_without_an_op_is_kept_from_its_creation()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        rooms.Get<ServerOptions>().KeepShares = TimeSpan.FromDays(2);
        Authority share = await rooms.CreateShareAsync();
        rooms.Clock.Advance(TimeSpan.FromDays(2));
        await rooms.Get<ShareExpiry>().SweepAsync(CancellationToken.None);
        Assert.Equal(ErrorCode.ShareDeleted,
            (await Assert.ThrowsAsync<ShareRpcException>(() => rooms.AppendAsync(share, ServerRooms.Put("a")))).Code);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Comments_do_not_put_that_off_for_the_sweep_nor_for_what_readers_are_told(bool hasOp)
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        rooms.Get<ServerOptions>().KeepShares = rooms.Reads.KeepShares = TimeSpan.FromDays(2);
        Authority owner = await rooms.CreateShareAsync();
        long share = owner.Ref.ShareKey!.Value;
        long end = (rooms.Clock.GetUtcNow() + TimeSpan.FromDays(2)).ToUnixTimeMilliseconds();
        await rooms.AppendAsync(owner, ServerRooms.Put("k", """{"type":"text"}""") with
        {
            Kind = hasOp ? Kinds.Part : Kinds.Comment, Key = hasOp ? "k" : "part/k/none",
        });
        ShareFeed living = await FeedAsync(rooms, share);
        rooms.Clock.Advance(TimeSpan.FromDays(1));
        await rooms.AppendAsync(owner, ServerRooms.Put("part/k/c1", """{"text":"hello"}""") with
        {
            Kind = Kinds.Comment,
        });
        ShareRow row = await RowAsync();
        Assert.Equal(end, await rooms.Reads.KeptUntilAsync(living, row));
        rooms.Broadcaster.Release(living);
        Assert.Equal(end, await rooms.Reads.KeptUntilAsync(await FeedAsync(rooms, share), row));

        rooms.Clock.Advance(TimeSpan.FromDays(1) - TimeSpan.FromMilliseconds(1));
        await rooms.Get<ShareExpiry>().SweepAsync(CancellationToken.None);
        Assert.NotEqual(ShareState.Deleted, (await RowAsync()).State);
        rooms.Clock.Advance(TimeSpan.FromMilliseconds(1));
        await rooms.Get<ShareExpiry>().SweepAsync(CancellationToken.None);
        Assert.Equal(ShareState.Deleted, (await RowAsync()).State);

        async Task<ShareRow> RowAsync()
        {
            await using IReadSnapshot snapshot = await rooms.Store.BeginReadAsync();
            return (await snapshot.FindShareAsync(share))!;
        }
    }

    private static async Task<ShareFeed> FeedAsync(ServerRooms rooms, long share)
    {
        ShareFeed feed = rooms.Broadcaster.Acquire(share);
        await using IReadSnapshot snapshot = await rooms.Store.BeginReadAsync();
        feed.Advance(await snapshot.ReadHeadAsync(share));
        return feed;
    }

    [Fact]
    public async Task Without_the_setting_nothing_goes()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority share = await rooms.CreateShareAsync();
        rooms.Clock.Advance(TimeSpan.FromDays(4_000));
        await rooms.Get<ShareExpiry>().SweepAsync(CancellationToken.None);
        await rooms.AppendAsync(share, ServerRooms.Put("a"));
        Assert.Equal("", rooms.Get<ShareExpiry>().Name);
    }
}
