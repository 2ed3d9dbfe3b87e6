using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Postgres;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Access.Changes;

/// <summary>What a creator may keep on the server: <c>max_shares</c> and <c>max_bytes</c>.</summary>
public sealed class ShareRoomTests
{
    [Fact]
    public async Task A_creator_makes_as_many_shares_as_it_may_and_one_more_when_one_is_deleted()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority creator = await CreatorAsync(rooms, new Caveats { MaxShares = 2 });
        Authority first = await rooms.CreateShareAsync(creator);
        await rooms.CreateShareAsync(creator);
        Assert.Equal(ErrorCode.QuotaExceeded, await CodeAsync(() => rooms.CreateShareAsync(creator)));
        Authority below = await rooms.RedeemAsync(await rooms.AttenuateAsync(creator, RightsNames.Creator));
        Assert.Equal(ErrorCode.QuotaExceeded, await CodeAsync(() => rooms.CreateShareAsync(below)));

        await rooms.Admin.DeleteShareAsync(creator, new DeleteShareRequest { ShareId = first.ShareId! });
        await rooms.CreateShareAsync(below);
        Assert.Equal(ErrorCode.QuotaExceeded, await CodeAsync(() => rooms.CreateShareAsync(creator)));
        await rooms.CreateShareAsync(); // root's own are not counted there
    }

    [Fact]
    public async Task An_op_that_fits_is_applied_and_one_byte_more_is_rejected()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority creator = await CreatorAsync(rooms, new Caveats { MaxBytes = 20 });
        Authority share = await rooms.CreateShareAsync(creator);
        Authority guest = await rooms.RedeemAsync(await rooms.AttenuateAsync(share, Rights.Append));
        Assert.Single((await rooms.AppendAsync(share, ServerRooms.Put("a", Of(10)))).Applied);
        Ack over = await rooms.AppendAsync(guest, ServerRooms.Put("b", Of(11)));
        Assert.Equal("quota_exceeded", Assert.Single(over.Rejected).Code);
        Assert.Single((await rooms.AppendAsync(guest, ServerRooms.Put("c", Of(10)))).Applied);
        over = await rooms.AppendAsync(share, ServerRooms.Put("d", Of(8)));
        Assert.Equal("quota_exceeded", Assert.Single(over.Rejected).Code);
    }

    [Fact]
    public async Task Bytes_count_over_all_shares_and_days_and_a_deleted_share_gives_its_own_back()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority creator = await CreatorAsync(rooms, new Caveats { MaxBytes = 20, MaxBytesPerDay = 100 });
        Authority first = await rooms.CreateShareAsync(creator);
        Authority second = await rooms.CreateShareAsync(creator);
        await rooms.AppendAsync(first, ServerRooms.Put("a", Of(12)));
        rooms.Clock.Advance(TimeSpan.FromDays(3));
        await rooms.AppendAsync(second, ServerRooms.Put("a", Of(8)));
        Assert.Single((await rooms.AppendAsync(second, ServerRooms.Put("b", Of(8)))).Rejected);

        await rooms.Admin.DeleteShareAsync(creator, new DeleteShareRequest { ShareId = first.ShareId! });
        Assert.Single((await rooms.AppendAsync(second, ServerRooms.Put("c", Of(13)))).Rejected);
        Assert.Single((await rooms.AppendAsync(second, ServerRooms.Put("d", Of(12)))).Applied);
    }

    [Fact]
    public async Task A_duplicate_and_a_rejected_op_take_no_room()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority creator = await CreatorAsync(rooms, new Caveats { MaxBytes = 20 });
        Authority share = await rooms.CreateShareAsync(creator);
        OpIntent op = ServerRooms.Put("a", Of(10), "one");
        await rooms.AppendAsync(share, op);
        Assert.Single((await rooms.AppendAsync(share, op)).Duplicates);
        Assert.Single((await rooms.AppendAsync(share, op with { OpId = "two", DependsOn = ["none"] })).Rejected);
        Assert.Single((await rooms.AppendAsync(share, ServerRooms.Put("b", Of(10)))).Applied);
    }

    [PostgresFact]
    public async Task Nodes_tell_a_duplicate_though_the_room_is_full_and_do_not_both_give_what_is_left_of_it()
    {
        string connection = await TestPostgres.NewDatabaseAsync();
        using PostgresShareStore store = await PostgresShareStore.OpenAsync(connection);
        using ServerRooms rooms = await ServerRooms.OpenAsync(shared: store);
        Authority creator = await CreatorAsync(rooms, new Caveats { MaxBytes = 10 });
        Authority share = await rooms.CreateShareAsync(creator);
        OpIntent op = ServerRooms.Put("a", Of(10), "one");
        await rooms.AppendAsync(share, op);
        Assert.Single((await rooms.AppendAsync(share, op)).Duplicates);

        using PostgresShareStore other = await PostgresShareStore.OpenAsync(connection);
        Task<DayUse> behind;
        IWriteTransaction later = await other.BeginWriteAsync();
        await using (IWriteTransaction first = await store.BeginWriteAsync())
        {
            Assert.Equal(1, (await first.ReadQuotaAsync(creator.Ref.Key, ShareRoom.Total)).Ops);
            behind = later.ReadQuotaAsync(creator.Ref.Key, ShareRoom.Total).AsTask();
            first.AddQuota(creator.Ref.Key, ShareRoom.Total, new DayUse(1, 0));
            await first.CommitAsync();
        }

        Assert.Equal(2, (await behind).Ops);
        await later.DisposeAsync();
    }

    [Fact]
    public async Task Adopted_shares_take_no_more_room_of_their_creator()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority creator = await CreatorAsync(rooms, new Caveats { MaxShares = 1, MaxBytes = 20 });
        Authority share = await rooms.CreateShareAsync(creator);
        await rooms.AppendAsync(share, ServerRooms.Put("a", Of(20)));
        await rooms.Changes.AdoptSharesAsync(rooms.Root, new CapabilityRequest { CapId = creator.Ref.CapId });
        Authority next = await rooms.CreateShareAsync(creator);
        Assert.Single((await rooms.AppendAsync(next, ServerRooms.Put("a", Of(20)))).Applied);
    }

    [Fact]
    public async Task A_room_cannot_be_negative()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Assert.Equal(ErrorCode.InvalidParams,
            await CodeAsync(() => CreatorAsync(rooms, new Caveats { MaxShares = -1 })));
        Assert.Equal(ErrorCode.InvalidParams,
            await CodeAsync(() => CreatorAsync(rooms, new Caveats { MaxBytes = -1 })));
    }

    private static string Of(int bytes) => $$"""{"v":"{{new string('x', bytes - 8)}}"}""";

    private static async Task<Authority> CreatorAsync(ServerRooms rooms, Caveats caveats) =>
        await rooms.RedeemAsync(await rooms.AttenuateAsync(rooms.Root, RightsNames.Creator, caveats));

    private static async Task<ErrorCode> CodeAsync(Func<Task> call) =>
        (await Assert.ThrowsAsync<ShareRpcException>(call)).Code;
}
