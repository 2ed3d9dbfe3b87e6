using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server.Access;

namespace ShareRpc.Tests.Server.Access;

/// <summary>Caveats that time, many callers at once or a changed setting decide; the rest is in the vectors.</summary>
public sealed class CaveatTests
{
    [Fact]
    public async Task Of_many_redemptions_at_once_exactly_as_many_succeed_as_there_are_uses()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        ShareToken token = await rooms.AttenuateAsync(owner, Rights.Read, new Caveats { MaxUses = 5 });
        ErrorCode?[] outcomes =
            await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => OutcomeAsync(rooms, token))));
        Assert.Equal(5, outcomes.Count(code => code is null));
        Assert.Equal(15, outcomes.Count(code => code == ErrorCode.CapabilityUsedUp));
    }

    [Fact]
    public async Task A_use_that_the_disk_did_not_take_is_not_used_up_and_lets_nobody_in()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        ShareToken token = await rooms.AttenuateAsync(owner, Rights.Read, new Caveats { MaxUses = 1 });
        rooms.Store.Break();
        Assert.Equal(ErrorCode.StorageUnavailable, await OutcomeAsync(rooms, token));
        rooms.Store.Repair();
        Assert.Null(await OutcomeAsync(rooms, token));
        Assert.Equal(ErrorCode.CapabilityUsedUp, await OutcomeAsync(rooms, token));
    }

    [Fact]
    public async Task An_unused_ref_dies_at_its_time_and_a_used_one_lives_on()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        var caveats = new Caveats { UnusedExpiresAtMs = rooms.Clock.GetUtcNow().AddHours(1).ToUnixTimeMilliseconds() };
        ShareToken used = await rooms.AttenuateAsync(owner, Rights.Read, caveats);
        ShareToken unused = await rooms.AttenuateAsync(owner, Rights.Read, caveats);
        Assert.Null(await OutcomeAsync(rooms, used));
        rooms.Clock.Advance(TimeSpan.FromHours(1));
        Assert.Null(await OutcomeAsync(rooms, used));
        Assert.Equal(ErrorCode.CapabilityExpired, await OutcomeAsync(rooms, unused));
    }

    [Fact]
    public async Task A_quota_begins_anew_with_the_day()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(); // its clock starts at midnight, UTC
        Authority owner = await rooms.CreateShareAsync();
        Authority writer =
            await rooms.RedeemAsync(await rooms.AttenuateAsync(owner, Rights.Append, new Caveats { MaxOpsPerDay = 1 }));
        Assert.Single((await rooms.AppendAsync(writer, ServerRooms.Put("a"))).Applied);
        rooms.Clock.Advance(TimeSpan.FromDays(1) - TimeSpan.FromMilliseconds(1));
        Assert.Equal("quota_exceeded",
            Assert.Single((await rooms.AppendAsync(writer, ServerRooms.Put("b"))).Rejected).Code);
        rooms.Clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Single((await rooms.AppendAsync(writer, ServerRooms.Put("c"))).Applied);
        Assert.Single((await rooms.AppendAsync(writer, ServerRooms.Put("d"))).Rejected);
    }

    [Fact]
    public async Task Quotas_of_writers_in_one_transaction_add_up()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        Authority writer =
            await rooms.RedeemAsync(await rooms.AttenuateAsync(owner, Rights.Append, new Caveats { MaxOpsPerDay = 7 }));
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        Task<Ack>[] appends = await rooms.HoldUpAsync(
            () => Enumerable.Range(0, 10).Select(i => rooms.AppendAsync(writer, ServerRooms.Put($"k{i}"))).ToArray(),
            timeout.Token);
        Ack[] acks = await Task.WhenAll(appends);
        Assert.Equal((7, 3), (acks.Sum(ack => ack.Applied.Count), acks.Sum(ack => ack.Rejected.Count)));
    }

    private static async Task<ErrorCode?> OutcomeAsync(ServerRooms rooms, ShareToken token)
    {
        try
        {
            await rooms.RedeemAsync(token);
            return null;
        }
        catch (ShareRpcException error)
        {
            return error.Code;
        }
    }
}
