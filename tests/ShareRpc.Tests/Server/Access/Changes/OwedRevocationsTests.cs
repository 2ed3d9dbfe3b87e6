using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server;
using ShareRpc.Server.Access;
using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Server.Access.Changes;

public sealed class OwedRevocationsTests
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Fact]
    public async Task A_revocation_that_the_disk_did_not_take_is_repeated_until_it_does()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(timeout);
        Task repeating = rooms.Owed.RunAsync(() => { }, stop.Token);
        rooms.Store.Break();
        await FailsAsync(rooms, owner);
        Assert.Equal(1, rooms.Owed.Count);
        await PassAsync(rooms, () => rooms.Loop.IsStorageHealthy || rooms.Owed.Count == 1);
        Assert.Null(await RevokedMsAsync(rooms, owner));

        rooms.Store.Repair();
        await PassAsync(rooms, () => rooms.Owed.Count == 0);

        Assert.NotNull(await RevokedMsAsync(rooms, owner));
        await using (IReadSnapshot snapshot = await rooms.Store.BeginReadAsync())
        {
            Assert.Single((await snapshot.ReadAuditAsync(new RefScope(owner.Ref.ShareKey, null), 0, 100)).Entries,
                entry => entry.Action == "revoke");
        }

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => repeating);
    }

    [Fact]
    public async Task A_caller_that_repeats_it_first_leaves_nothing_to_repeat()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        rooms.Store.Break();
        await FailsAsync(rooms, owner);
        rooms.Store.Repair();
        await rooms.Admin.RevokeAsync(owner, new RevokeCapabilityRequest { CapId = owner.Ref.CapId });
        Assert.Equal(0, rooms.Owed.Count);
    }

    [Fact]
    public async Task No_more_are_kept_than_the_limit_says_and_those_beyond_are_denied_all_the_same()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(ServerLimits.Default with { OwedRevocations = 1 });
        Authority first = await rooms.CreateShareAsync(), second = await rooms.CreateShareAsync();
        rooms.Store.Break();
        await FailsAsync(rooms, first);
        await FailsAsync(rooms, first);
        await FailsAsync(rooms, second);
        Assert.Equal(1, rooms.Owed.Count);
        Assert.Equal(ErrorCode.CapabilityRevoked,
            Assert.Throws<ShareRpcException>(() => second.Demand(Rights.Read)).Code);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_revocation_without_the_right_is_neither_queued_nor_denied_nor_owed_when_the_disk_fails(
        bool isLocked)
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        Authority guest = await rooms.RedeemAsync(
            await rooms.AttenuateAsync(owner, Rights.Read | Rights.Attenuate));
        Authority child = await rooms.RedeemAsync(await rooms.AttenuateAsync(guest, Rights.Read));
        if (isLocked) rooms.Store.Lock();
        else rooms.Store.Break();

        Assert.Equal(ErrorCode.Forbidden, await RefusalAsync(rooms, guest, child));
        child.Demand(Rights.Read);
        Assert.Equal(0, rooms.Owed.Count);
        rooms.Store.Repair();
        await PassAsync(rooms, () => true);
        child.Demand(Rights.Read);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_caller_who_loses_the_right_while_its_revocation_waits_takes_nothing_back(bool isLocked)
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        Authority keeper = await rooms.RedeemAsync(
            await rooms.AttenuateAsync(owner, Rights.Read | Rights.Attenuate | Rights.Revoke));
        Authority child = await rooms.RedeemAsync(await rooms.AttenuateAsync(keeper, Rights.Read));
        Task<ErrorCode> refused = await rooms.HoldUpAsync(
            () =>
            {
                Task<ErrorCode> refusal = RefusalAsync(rooms, keeper, child);
                keeper.Deny(ErrorCode.CapabilityRevoked);
                if (isLocked) rooms.Store.Lock();
                return refusal;
            },
            timeout);
        Assert.Equal(ErrorCode.CapabilityRevoked, await refused.WaitAsync(timeout));
        child.Demand(Rights.Read);
    }

    private static async Task<ErrorCode> RefusalAsync(ServerRooms rooms, Authority caller, Authority target)
    {
        var request = new RevokeCapabilityRequest { CapId = target.Ref.CapId };
        return (await Assert.ThrowsAsync<ShareRpcException>(() => rooms.Admin.RevokeAsync(caller, request))).Code;
    }

    private static async Task FailsAsync(ServerRooms rooms, Authority owner)
    {
        var request = new RevokeCapabilityRequest { CapId = owner.Ref.CapId };
        var failed = await Assert.ThrowsAsync<ShareRpcException>(() => rooms.Admin.RevokeAsync(owner, request));
        Assert.Equal(ErrorCode.RevocationNotDurable, failed.Code);
    }

    private static async ValueTask<long?> RevokedMsAsync(ServerRooms rooms, Authority owner)
    {
        await using IReadSnapshot snapshot = await rooms.Store.BeginReadAsync();
        return (await snapshot.FindRefAsync(owner.Ref.Key))!.RevokedMs;
    }

    /// <summary>Lets the interval pass until something has come of it.</summary>
    private async Task PassAsync(ServerRooms rooms, Func<bool> condition)
    {
        do
        {
            timeout.ThrowIfCancellationRequested();
            rooms.Clock.Advance(rooms.Limits.StorageRetryAfter);
            await Task.Yield();
        }
        while (!condition());
    }
}
