using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Access;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Opencode;
using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Server.Opencode;

/// <summary>The shares and refs that are made for opencode, on a medium that can fail.</summary>
public sealed class OpencodeSharesTests : IAsyncLifetime, IDisposable
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;
    private ServerRooms rooms = null!;
    private OpencodeShares shares = null!;

    private const Rights Append = Rights.Append | Rights.End;

    public async Task InitializeAsync()
    {
        rooms = await ServerRooms.OpenAsync();
        shares = rooms.Get<OpencodeShares>();
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => rooms.Dispose();

    [Fact]
    public async Task The_refs_hang_below_an_owner_ref_below_the_creator_and_say_what_they_may()
    {
        SharedSession shared = await shares.ShareAsync(rooms.Root, "ses", isOpen: false);
        await shares.ShareAsync(rooms.Root, "ses", isOpen: false);
        await using IReadSnapshot snapshot = await rooms.Store.BeginReadAsync();
        ShareRow share = (await snapshot.FindShareAsync(shared.ShareId))!;
        IReadOnlyList<RefRow> made = await snapshot.ReadSessionRefsAsync(share.Key);
        Assert.Equal(share.OwnerRefKey, made[0].Key);
        Assert.Equal(rooms.Root.Ref.Key, made[0].ParentKey);
        Assert.All(made.Skip(1), row => Assert.Equal(made[0].Key, row.ParentKey));
        Assert.Equal(
            [RightsNames.Owner, Append, Rights.Read, Append, Rights.Read], made.Select(row => row.Rights));
        Assert.Equal(
            ["create_share", "attenuate", "attenuate", "attenuate", "attenuate"],
            (await rooms.Lists.ListAuditAsync(rooms.Root, new AuditRequest())).Entries.Skip(1).Select(
                entry => entry.Action));
    }

    [Fact]
    public async Task Sharing_needs_the_right_to_create_and_all_that_it_gives()
    {
        Authority reader = await rooms.RedeemAsync(await rooms.AttenuateAsync(rooms.Root, Rights.Read));
        Authority poor = await rooms.RedeemAsync(await rooms.AttenuateAsync(rooms.Root, Rights.Create | Rights.Read));
        Assert.Equal(ErrorCode.Forbidden, await CodeAsync(() => shares.ShareAsync(reader, "ses", isOpen: false)));
        Assert.Equal(ErrorCode.Forbidden, await CodeAsync(() => shares.ShareAsync(poor, "ses", isOpen: false)));
        Assert.Empty((await rooms.Lists.ListSharesAsync(rooms.Root, new PageRequest())).Shares);
    }

    [Fact]
    public async Task Unsharing_on_a_full_disk_denies_at_once_and_ends_when_it_is_durable()
    {
        SharedSession shared = await shares.ShareAsync(rooms.Root, "ses", isOpen: false);
        Authority holder = await rooms.RedeemAsync(shared.Append);
        Authority viewer = await rooms.RedeemAsync(shared.Read);
        await rooms.AppendAsync(
            holder, ServerRooms.Put("t", """{"state":"streaming"}""") with { Kind = Kinds.Turn });
        rooms.Store.Break();
        Task unsharing = shares.UnshareAsync(holder);
        await rooms.Clock.TimerAsync(left => left == rooms.Limits.StorageRetryAfter).WaitAsync(timeout);

        Assert.Equal(ErrorCode.CapabilityRevoked,
            Assert.Throws<ShareRpcException>(() => viewer.Demand(Rights.Read)).Code);
        Assert.Equal(ErrorCode.CapabilityRevoked, await CodeAsync(() => rooms.RedeemAsync(shared.Read)));
        Assert.False(unsharing.IsCompleted);

        rooms.Store.Repair();
        rooms.Clock.Advance(rooms.Limits.StorageRetryAfter);
        await unsharing.WaitAsync(timeout);
        await using IReadSnapshot snapshot = await rooms.Store.BeginReadAsync();
        ShareRow share = (await snapshot.FindShareAsync(shared.ShareId))!;
        Assert.Equal(ShareState.Ended, share.State);
        LoggedOp last = (await snapshot.ReadOpsAsync(share.Key, 0, 10, int.MaxValue))[^1];
        Assert.Equal("""{"state":"aborted"}""", last.Data.ToString()); // the turn was not left streaming
        Assert.All(await snapshot.ReadSessionRefsAsync(share.Key), row => Assert.NotNull(row.RevokedMs));
    }

    [Fact]
    public async Task Whose_access_was_taken_back_cannot_unshare()
    {
        SharedSession shared = await shares.ShareAsync(rooms.Root, "ses", isOpen: false);
        Authority holder = await rooms.RedeemAsync(shared.Append);
        await rooms.Admin.RevokeAsync(rooms.Root, new RevokeCapabilityRequest { CapId = shared.Append.CapId });
        Assert.Equal(ErrorCode.CapabilityRevoked, await CodeAsync(() => shares.UnshareAsync(holder)));
        (await rooms.RedeemAsync(shared.Read)).Demand(Rights.Read);
    }

    [Fact]
    public async Task A_ref_that_was_not_made_here_cannot_unshare()
    {
        Authority owner = await rooms.CreateShareAsync();
        Assert.Equal(ErrorCode.Forbidden, await CodeAsync(() => shares.UnshareAsync(owner)));
        owner.Demand(Rights.Append);
    }

    [Fact]
    public async Task After_the_creator_revoked_the_owner_ref_a_session_gets_a_new_share()
    {
        SharedSession first = await shares.ShareAsync(rooms.Root, "ses", isOpen: false);
        string owner = Assert.Single(
            (await rooms.Lists.ListSharesAsync(rooms.Root, new PageRequest())).Shares).OwnerCapId;
        await rooms.Admin.RevokeAsync(rooms.Root, new RevokeCapabilityRequest { CapId = owner });
        Assert.NotEqual(first.ShareId, (await shares.ShareAsync(rooms.Root, "ses", isOpen: false)).ShareId);
    }

    [Fact]
    public async Task A_sync_that_meets_a_full_disk_is_kept_and_taken_when_there_is_room_again()
    {
        SharedSession shared = await shares.ShareAsync(rooms.Root, "ses", isOpen: false);
        Authority holder = await rooms.RedeemAsync(shared.Append);
        ServerOptions options = rooms.Get<ServerOptions>();
        var retry = new SyncRetry(options.ServerLimits, rooms.Clock, timeout);
        var reverts = new SyncReverts(rooms.Store, rooms.Get<CommitQueue>(), options, holder, "ses", retry);
        var append = new SyncAppend(rooms.Log, reverts, options, holder, retry);
        await append.AddAsync(new OpIntent
        {
            OpId = "a", Verb = Verbs.Put, Kind = Kinds.Part, Key = "k", Data = RawJson.Parse("{}"), IfChanged = true,
        });
        rooms.Store.Break();
        Task flushing = append.FinishAsync();
        await rooms.Clock.TimerAsync(left => left == rooms.Limits.StorageRetryAfter).WaitAsync(timeout);
        Assert.False(flushing.IsCompleted);
        rooms.Store.Repair();
        rooms.Clock.Advance(rooms.Limits.StorageRetryAfter);
        await flushing.WaitAsync(timeout);
        Assert.Equal(1, append.Applied);
    }

    private async ValueTask<string> OpenCreatorAsync()
    {
        var creator =
            new OpenCreator(rooms.Store, rooms.Get<ServerOptions>() with { OpenCreation = true }, rooms.Clock);
        await creator.EnsureAsync();
        return creator.CapId!;
    }

    [Fact]
    public async Task Open_creation_goes_on_under_the_same_ref_until_it_is_revoked()
    {
        string capId = await OpenCreatorAsync();
        Assert.Equal(capId, await OpenCreatorAsync());
        CapabilityInfo info = Assert.Single(
            (await rooms.Lists.ListCapabilitiesAsync(rooms.Root, new CapabilityListRequest())).Capabilities, one =>
                one.CapId == capId);
        Assert.Equal(RightsNames.Creator.ToNames(), info.Rights);

        await rooms.Admin.RevokeAsync(rooms.Root, new RevokeCapabilityRequest { CapId = capId });
        Assert.NotEqual(capId, await OpenCreatorAsync());
    }

    [Fact]
    public async Task No_token_redeems_a_ref_that_nobody_was_given()
    {
        SharedSession shared = await shares.ShareAsync(rooms.Root, "ses", isOpen: false);
        string owner = Assert.Single(
            (await rooms.Lists.ListSharesAsync(rooms.Root, new PageRequest())).Shares).OwnerCapId;
        Assert.NotEqual(owner, shared.Append.CapId);
        Assert.Equal(ErrorCode.InvalidToken, await CodeAsync(() => rooms.RedeemAsync(ShareToken.New(owner))));
    }

    private static async Task<ErrorCode> CodeAsync(Func<Task> call) =>
        (await Assert.ThrowsAsync<ShareRpcException>(call)).Code;
}
