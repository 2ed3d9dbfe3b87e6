using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server.Access;
using ShareRpc.Server.Read;

namespace ShareRpc.Tests.Server.Access;

public sealed class AuthorityHoldTests
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Fact]
    public async Task Invariant_I7_an_append_that_was_queued_before_its_handle_went_is_reached_by_a_revocation()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        ShareToken token = await rooms.AttenuateAsync(owner, Rights.Append);
        var hold = new AuthorityHold(await rooms.RedeemAsync(token), rooms.Registry);

        (Task<Ack> Append, Task<CapabilityRevoked> Revoke) queued = await rooms.HoldUpAsync(
            () =>
            {
                Task<Ack> append = hold.DuringAsync(held => rooms.AppendAsync(held, ServerRooms.Put("a")));
                hold.Drop();
                return (append, rooms.Admin.RevokeAsync(owner, new RevokeCapabilityRequest { CapId = token.CapId }));
            },
            timeout);

        Assert.Equal(2, (await queued.Revoke.WaitAsync(timeout)).Epoch);
        Assert.Equal(
            ErrorCode.CapabilityRevoked,
            (await Assert.ThrowsAsync<ShareRpcException>(() => queued.Append.WaitAsync(timeout))).Code);
        Assert.Equal(0, await (await rooms.Store.BeginReadAsync()).ReadHeadAsync(owner.Ref.ShareKey!.Value));
        Assert.Equal(0, rooms.Registry.CountOf(owner.Ref.Key + 1));
    }

    [Fact]
    public async Task Invariant_I7_a_read_that_waits_when_its_handle_goes_is_ended_by_a_revocation()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        ShareToken token = await rooms.AttenuateAsync(owner, Rights.Read);
        Authority viewer = await rooms.RedeemAsync(token);
        ShareFeed feed = rooms.Broadcaster.Acquire(owner.Ref.ShareKey!.Value);
        var hold = new AuthorityHold(viewer, rooms.Registry, () => rooms.Broadcaster.Release(feed));
        Task<OpPage> reading = hold.DuringAsync(held =>
            rooms.Reads.ReadAsync(held, feed, new ReadOpsRequest { WaitMs = 30_000 }, timeout));
        hold.Drop();
        Assert.Equal(1, rooms.Registry.CountOf(viewer.Ref.Key));

        await rooms.Admin.RevokeAsync(owner, new RevokeCapabilityRequest { CapId = token.CapId });

        Assert.Equal(ErrorCode.CapabilityRevoked,
            (await Assert.ThrowsAsync<ShareRpcException>(() => reading.WaitAsync(timeout))).Code);
        Assert.Equal((0, 0), (rooms.Registry.CountOf(viewer.Ref.Key), feed.Users));
    }

    [Fact]
    public async Task A_dropped_handle_takes_no_call_and_ends_once()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        int ended = 0;
        var hold = new AuthorityHold(owner, rooms.Registry, () => ended++);
        Assert.Equal(1, (await hold.DuringAsync(held => rooms.AppendAsync(held, ServerRooms.Put("a")))).Cursor);
        Assert.Equal(0, ended);

        hold.Drop();
        hold.Drop();

        Assert.Equal(1, ended);
        ShareRpcException refused = await Assert.ThrowsAsync<ShareRpcException>(
            () => hold.DuringAsync(held => rooms.AppendAsync(held, ServerRooms.Put("b"))));
        Assert.Equal((ErrorCode.MethodNotFound, 1), (refused.Code, ended));
    }
}
