using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Access;
using ShareRpc.Tests.Server;

namespace ShareRpc.Tests.Attacks;

/// <summary>
/// A server's clock that jumps, either way: order and exactness do not hang on it, and what is over is not shown as
/// going on.
/// </summary>
public sealed class ClockJumpTests
{
    [Theory]
    [InlineData(-400)]
    [InlineData(400)]
    public async Task Appends_reads_and_revocations_go_on_over_a_jump_of_days(int days)
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        ShareToken guest = await rooms.AttenuateAsync(owner, Rights.Read);
        Authority reader = await rooms.RedeemAsync(guest);
        await rooms.AppendAsync(owner, ServerRooms.Put("a", opId: "one"));
        rooms.Clock.Jump(TimeSpan.FromDays(days));
        Assert.Equal(2,
            Assert.Single((await rooms.AppendAsync(owner, ServerRooms.Put("b", opId: "two"))).Applied).Cursor);
        Assert.Equal("one",
            Assert.Single((await rooms.AppendAsync(owner, ServerRooms.Put("a", opId: "one"))).Duplicates).OpId);
        reader.Demand(Rights.Read);
        await rooms.Admin.RevokeAsync(owner, new RevokeCapabilityRequest { CapId = guest.CapId });
        Assert.Equal(ErrorCode.CapabilityRevoked,
            Assert.Throws<ShareRpcException>(() => reader.Demand(Rights.Read)).Code);
        Assert.Equal(ErrorCode.CapabilityRevoked,
            (await Assert.ThrowsAsync<ShareRpcException>(() => rooms.RedeemAsync(guest))).Code);
    }

    [Fact]
    public async Task A_jump_forward_over_an_expiry_ends_the_live_handle_too()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        long expires = rooms.Clock.GetUtcNow().AddHours(1).ToUnixTimeMilliseconds();
        Authority reader = await rooms.RedeemAsync(
            await rooms.AttenuateAsync(owner, Rights.Read, new Caveats { ExpiresAtMs = expires }));
        rooms.Clock.Jump(TimeSpan.FromHours(1));
        Assert.Equal(ErrorCode.CapabilityExpired,
            Assert.Throws<ShareRpcException>(() => reader.Demand(Rights.Read)).Code);
    }

    [Fact]
    public async Task A_jump_back_gives_no_second_helping_of_a_quota_that_was_used_on_that_day()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        Authority writer =
            await rooms.RedeemAsync(await rooms.AttenuateAsync(owner, Rights.Append, new Caveats { MaxOpsPerDay = 1 }));
        Assert.Single((await rooms.AppendAsync(writer, ServerRooms.Put("a"))).Applied);
        rooms.Clock.Jump(TimeSpan.FromDays(-3));
        Assert.Single((await rooms.AppendAsync(writer, ServerRooms.Put("b"))).Applied);
        rooms.Clock.Jump(TimeSpan.FromDays(3));
        Ack again = await rooms.AppendAsync(writer, ServerRooms.Put("c"));
        Assert.Equal("quota_exceeded", Assert.Single(again.Rejected).Code);
    }

    [Fact]
    public async Task A_limit_on_wrong_tokens_does_not_open_by_a_jump_back()
    {
        using ServerRooms rooms =
            await ServerRooms.OpenAsync(ServerLimits.Default with { RateLimitedDelay = TimeSpan.Zero });
        for (int i = 0; i < rooms.Limits.WrongTokensPerMinute; i++) await WrongAsync(rooms, ErrorCode.InvalidToken);
        await WrongAsync(rooms, ErrorCode.RateLimited);
        rooms.Clock.Jump(TimeSpan.FromDays(-1));
        await WrongAsync(rooms, ErrorCode.RateLimited);
    }

    private static async Task WrongAsync(ServerRooms rooms, ErrorCode code) => Assert.Equal(
        code, (await Assert.ThrowsAsync<ShareRpcException>(() => rooms.Redeemer.FindAsync("x", null, default))).Code);
}
