using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Commit;

namespace ShareRpc.Tests.Server.Access.Changes;

/// <summary>
/// Suspending, rotating and adopting, where no transcript can go: broken disks, full queues and races.
/// </summary>
public sealed class SuspendTests
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Fact]
    public async Task A_suspension_that_the_disk_did_not_take_has_not_happened()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        ShareToken guest = await rooms.AttenuateAsync(owner, Rights.Read);
        rooms.Store.Break();
        Assert.Equal(ErrorCode.StorageUnavailable, await CodeAsync(() => SuspendAsync(rooms, owner, guest)));
        rooms.Store.Repair();
        (await rooms.RedeemAsync(guest)).Demand(Rights.Read);
        await SuspendAsync(rooms, owner, guest);
        Assert.Equal(ErrorCode.CapabilitySuspended, await CodeAsync(() => rooms.RedeemAsync(guest)));
    }

    [Fact]
    public async Task A_failed_suspension_takes_nothing_back_of_a_revocation_that_is_still_owed()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        ShareToken guest = await rooms.AttenuateAsync(owner, Rights.Read);
        rooms.Store.Break();
        var revoke = new RevokeCapabilityRequest { CapId = guest.CapId };
        Assert.Equal(ErrorCode.RevocationNotDurable, await CodeAsync(() => rooms.Admin.RevokeAsync(owner, revoke)));
        Assert.Equal(ErrorCode.StorageUnavailable, await CodeAsync(() => SuspendAsync(rooms, owner, guest)));
        rooms.Store.Repair();
        Assert.Equal(ErrorCode.CapabilityRevoked, await CodeAsync(() => rooms.RedeemAsync(guest)));
    }

    [Fact]
    public async Task Suspending_works_with_a_full_queue()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(ServerLimits.Default with { QueueItems = 1 });
        Authority owner = await rooms.CreateShareAsync();
        ShareToken guest = await rooms.AttenuateAsync(owner, Rights.Read);
        Task suspended = await rooms.HoldUpAsync(
            () =>
            {
                rooms.Queue.Enqueue(new CommitWork<bool>(_ => ValueTask.FromResult(true)));
                Assert.Throws<ShareRpcException>(
                    () => rooms.Queue.Enqueue(new CommitWork<bool>(_ => ValueTask.FromResult(true))));
                return SuspendAsync(rooms, owner, guest);
            },
            timeout);
        await suspended.WaitAsync(timeout);
        Assert.Equal(ErrorCode.CapabilitySuspended, await CodeAsync(() => rooms.RedeemAsync(guest)));
    }

    [Fact]
    public async Task Revoking_works_with_a_full_queue_and_goes_before_what_waits_in_it()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(ServerLimits.Default with { QueueItems = 1 });
        Authority owner = await rooms.CreateShareAsync();
        ShareToken guest = await rooms.AttenuateAsync(owner, Rights.Read | Rights.Append);
        Authority writer = await rooms.RedeemAsync(guest);
        (Task revoked, Task append) = await rooms.HoldUpAsync(
            () =>
            {
                Task waiting = rooms.AppendAsync(writer, ServerRooms.Put("a"));
                Assert.Throws<ShareRpcException>(
                    () => rooms.Queue.Enqueue(new CommitWork<bool>(_ => ValueTask.FromResult(true))));
                return ((Task)rooms.Admin.RevokeAsync(owner, new RevokeCapabilityRequest { CapId = guest.CapId }),
                    waiting);
            },
            timeout);
        await revoked.WaitAsync(timeout);
        Assert.Equal(ErrorCode.CapabilityRevoked, await CodeAsync(() => append));
        Assert.Equal(ErrorCode.CapabilityRevoked, await CodeAsync(() => rooms.RedeemAsync(guest)));
    }

    [Fact]
    public async Task A_token_that_was_found_right_before_a_rotation_is_not_admitted_after_it()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        ShareToken guest = await rooms.AttenuateAsync(owner, Rights.Read);
        FoundRef verified = await rooms.Redeemer.FindAsync(guest.Reveal(), null, timeout);
        ShareToken next = ShareToken.New(guest.CapId);
        await rooms.Changes.RotateAsync(owner,
            new RotateCapabilityRequest { CapId = guest.CapId, TokenDigest = next.Digest });
        Assert.Equal(
            ErrorCode.CapabilityRevoked,
            await CodeAsync(
                () => rooms.Redeemer.RedeemAsync(verified, new RedemptionTerms(OfShare: true), reader: null, timeout)));
        (await rooms.RedeemAsync(next)).Demand(Rights.Read);
        Assert.Equal(ErrorCode.CapabilityRevoked, await CodeAsync(() => rooms.RedeemAsync(guest)));
        Assert.Equal(
            ErrorCode.CapabilityRevoked,
                await CodeAsync(() => rooms.Redeemer.FindAsync(guest.Reveal(), null, timeout)));
    }

    [Fact]
    public async Task A_rotation_that_the_disk_did_not_take_leaves_the_old_secret_good()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        ShareToken guest = await rooms.AttenuateAsync(owner, Rights.Read);
        Authority live = await rooms.RedeemAsync(guest);
        var request =
            new RotateCapabilityRequest { CapId = guest.CapId, TokenDigest = ShareToken.New(guest.CapId).Digest };
        rooms.Store.Break();
        Assert.Equal(ErrorCode.StorageUnavailable, await CodeAsync(() => rooms.Changes.RotateAsync(owner, request)));
        rooms.Store.Repair();
        live.Demand(Rights.Read);
        (await rooms.RedeemAsync(guest)).Demand(Rights.Read);
        Assert.Equal(2, (await rooms.Changes.RotateAsync(owner, request)).Epoch);
        Assert.Equal(ErrorCode.CapabilityRevoked,
            Assert.Throws<ShareRpcException>(() => live.Demand(Rights.Read)).Code);
    }

    [Fact]
    public async Task Guests_of_an_adopted_share_outlive_the_creator_and_are_revoked_with_the_share_s_owner_ref()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        ShareToken creator = await rooms.AttenuateAsync(rooms.Root, RightsNames.Creator);
        Authority owner = await rooms.CreateShareAsync(await rooms.RedeemAsync(creator));
        Authority guest = await rooms.RedeemAsync(await rooms.AttenuateAsync(owner, Rights.Read));
        await rooms.Changes.AdoptSharesAsync(rooms.Root, new CapabilityRequest { CapId = creator.CapId });
        Assert.Equal(ErrorCode.CapabilityRevoked,
            Assert.Throws<ShareRpcException>(() => owner.Demand(Rights.Read)).Code);
        await rooms.Admin.RevokeAsync(rooms.Root, new RevokeCapabilityRequest { CapId = creator.CapId });
        guest.Demand(Rights.Read);
        await rooms.Admin.RevokeAsync(rooms.Root, new RevokeCapabilityRequest { CapId = owner.Ref.CapId });
        Assert.Equal(ErrorCode.CapabilityRevoked,
            Assert.Throws<ShareRpcException>(() => guest.Demand(Rights.Read)).Code);
    }

    private static Task<CapabilityChanged> SuspendAsync(ServerRooms rooms, Authority owner, ShareToken token) =>
        rooms.Changes.SuspendAsync(owner, new CapabilityRequest { CapId = token.CapId });

    private static async Task<ErrorCode> CodeAsync(Func<Task> call) =>
        (await Assert.ThrowsAsync<ShareRpcException>(call)).Code;
}
