using ShareRpc.Client.Reading;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Protocol.Wire;
using ShareRpc.Tests.Server;

namespace ShareRpc.Tests.Client.Reading;

/// <summary>A reader of a real server, which pushes pages.</summary>
public sealed class SubscribedReaderTests
{
    [Fact]
    public async Task A_reader_subscribes_gives_credit_back_and_follows_until_its_access_is_revoked()
    {
        const int Count = 600;
        await using LiveServer live = await LiveServer.StartAsync(more: options => options with
        {
            Limits = new ProtocolLimits { CreditBytes = 32 * 1024, PageEntries = 50 },
        });
        WireHandle owner = await live.RedeemShareAsync(await live.CreateShareAsync());
        ShareToken eye = await LiveServer.AttenuateAsync(owner, Rights.Read);
        for (int i = 0; i < Count; i++) await owner.ResultAsync("appendOps", LiveServer.Batch($"op{i}"));
        await using ShareReader reader = NewReader(live, owner, eye);

        await using IAsyncEnumerator<LoggedOp> ops = reader.FollowAsync(0, live.Timeout).GetAsyncEnumerator();
        for (int i = 1; i <= Count; i++) Assert.True(await ops.MoveNextAsync() && ops.Current.Cursor == i);
        ValueTask<bool> next = ops.MoveNextAsync();
        await owner.ResultAsync("appendOps", LiveServer.Batch("late"));
        Assert.True(await next);
        Assert.True(reader.IsPushed);

        next = ops.MoveNextAsync();
        await owner.ResultAsync("revokeCapability", $$"""{"cap_id":"{{eye.CapId}}"}""");
        ShareRpcException refusal = await Assert.ThrowsAsync<ShareRpcException>(next.AsTask);
        Assert.Equal(ErrorCode.CapabilityRevoked, refusal.Code);
    }

    [Fact]
    public async Task A_reader_ends_with_the_share_and_may_follow_again_from_elsewhere()
    {
        await using LiveServer live = await LiveServer.StartAsync();
        ShareToken token = await live.CreateShareAsync();
        WireHandle owner = await live.RedeemShareAsync(token);
        await using ShareReader reader = NewReader(live, owner, token);
        for (int i = 0; i < 3; i++) await owner.ResultAsync("appendOps", LiveServer.Batch($"op{i}"));
        await foreach (LoggedOp op in reader.FollowAsync(0, live.Timeout))
        {
            if (op.Cursor == 3) await owner.ResultAsync("appendOps", LiveServer.Batch("more"));
            if (op.Cursor == 4) break; // the subscription lives on
        }

        await owner.ResultAsync("endShare", null);
        var again = new List<long>();
        await foreach (LoggedOp op in reader.FollowAsync(1, live.Timeout)) again.Add(op.Cursor);
        Assert.Equal([2L, 3L, 4L], again);
    }

    private static ShareReader NewReader(LiveServer live, WireHandle owner, ShareToken token) => new(
        new ShareLink(live.Server.Address, owner.Redemption.GetProperty("share_id").GetString()!, token));
}
