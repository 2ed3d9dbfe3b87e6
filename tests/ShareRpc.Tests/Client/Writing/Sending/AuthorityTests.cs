using ShareRpc.Client;
using ShareRpc.Client.Writing;
using ShareRpc.Client.Writing.Outbox;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Client.Writing.Sending;

/// <summary>What the sender does when its access is not there yet, is gone, or comes back.</summary>
public class AuthorityTests : ClientTest
{
    [Fact]
    public async Task A_writer_id_that_belongs_to_another_ref_is_exchanged()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        var writers = new List<string>();
        Server.Refuse = call =>
        {
            if (call is not RedeemShareRequest redeem) return;
            writers.Add(redeem.WriterId!);
            if (writers.Count == 1) throw new ShareRpcException(ErrorCode.WriterTaken);
        };
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(2), null, Timeout);
        await client.FlushAsync(Timeout);

        Assert.Equal(2, writers.Distinct().Count());
        Assert.Equal(2, LoggedIds(share).Count);
    }

    [Theory]
    [InlineData(ErrorCode.CapabilityRevoked)]
    [InlineData(ErrorCode.CapabilityExpired)]
    [InlineData(ErrorCode.ShareDeleted)]
    [InlineData(ErrorCode.Forbidden)]
    [InlineData(ErrorCode.ShareEnded)]
    public async Task When_authority_is_gone_what_was_sent_is_parked_as_unknown_and_the_rest_as_failed(ErrorCode code)
    {
        (_, ShareLink link) = AddShare();
        Server.Limits = new ProtocolLimits { BatchOps = 2 };
        Options = Options with { BatchesInFlight = 1 };
        bool isGone = false;
        Server.AnswerBatch = _ => isGone ? throw new ShareRpcException(code) : null;
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(1, "first-"), null, Timeout);
        await client.FlushAsync(Timeout);
        isGone = true;
        await writer.EnqueueAsync(Puts(5), null, Timeout);
        await client.FlushAsync(Timeout);

        IReadOnlyList<FailedOp> failed = await writer.ListFailedAsync(cancellationToken: Timeout);
        string name = ErrorCodes.NameOf(code);
        Assert.Equal(["op-1", "op-2", "op-3", "op-4", "op-5"], failed.Select(op => op.OpId));
        Assert.All(failed, op => Assert.Equal(name, op.Code));
        bool isUnknown = code != ErrorCode.ShareEnded; // which says that nothing of the batch was applied
        Assert.Equal([isUnknown, isUnknown, false, false, false], failed.Select(op => op.OutcomeUnknown));
        Assert.Equal(name, writer.Status.ClosedCode);
        OutboxException closed =
            await Assert.ThrowsAsync<OutboxException>(() => writer.EnqueueAsync(Puts(1, "more-"), null, Timeout));
        Assert.Contains(name, closed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_share_that_came_back_within_reach_takes_what_was_parked_when_asked_to()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        bool isGone = true;
        Server.AnswerBatch = _ => isGone ? throw new ShareRpcException(ErrorCode.Forbidden) : null;
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(3), null, Timeout);
        await client.FlushAsync(Timeout);
        isGone = false;
        Assert.Equal(3, await client.RetryFailedAsync(null, Timeout));
        await client.FlushAsync(Timeout);

        Assert.Equal(["op-1", "op-2", "op-3"], LoggedIds(share));
        Assert.Equal((0L, null), (writer.Status.Failed, writer.Status.ClosedCode));
    }

    [Fact]
    public async Task Retrying_a_share_whose_create_failed_creates_it_before_it_is_redeemed()
    {
        int creates = 0;
        Server.Refuse = call =>
        {
            if (call is CreateShareRequest && ++creates == 1) throw new ShareRpcException(ErrorCode.Forbidden);
        };
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.CreateShareAsync("test:1", null, Timeout);
        await writer.EnqueueAsync(Puts(2), null, Timeout);
        await client.FlushAsync(Timeout);
        Assert.Equal("forbidden", writer.Status.ClosedCode);
        Assert.Equal(4, await client.RetryFailedAsync(writer.ShareId, Timeout)); // create, invite and two ops
        await client.FlushAsync(Timeout);

        Assert.Equal(2, creates);
        Assert.Equal(["op-1", "op-2"], LoggedIds(Server.Shares[writer.ShareId]));
        Assert.Equal(Rights.Read, Server.Redeem(writer.ViewerLink!.Token.Reveal()).Rights);
    }

    [Fact]
    public async Task A_joined_share_that_is_not_there_yet_is_waited_for()
    {
        ShareToken token = ShareToken.New(RandomId.New());
        var link = new ShareLink(ServerAddress, RandomId.New(), token);
        int redemptions = 0;
        Server.Refuse = call =>
        {
            if (call is not RedeemShareRequest || ++redemptions != 3) return;
            lock (Server.Gate)
            {
                Server.Shares.Add(link.ShareId, new ScriptedShare(link.ShareId));
                Server.Refs.Add(token.Digest, new ScriptedRef(token.CapId, link.ShareId, RightsNames.Owner));
            }
        };
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(1), null, Timeout);
        await client.FlushAsync(Timeout);

        Assert.Equal(1, writer.Status.Applied);
    }
}
