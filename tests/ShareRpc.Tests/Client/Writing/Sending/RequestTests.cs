using ShareRpc.Client;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Client.Writing.Sending;

/// <summary>What is asked of the server besides ops: it waits as ops do, and what failed is counted.</summary>
public class RequestTests : ClientTest
{
    [Fact]
    public async Task Requests_on_a_joined_share_whose_creator_is_not_online_yet_wait_as_ops_do()
    {
        ShareToken token = ShareToken.New(RandomId.New());
        var link = new ShareLink(ServerAddress, RandomId.New(), token);
        int redemptions = 0;
        Server.Refuse = call =>
        {
            if (call is RedeemShareRequest && ++redemptions == 4) Appear(link);
        };
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        ShareLink invited = await writer.InviteAsync(Rights.Read, "Ana", cancellationToken: Timeout);
        ShareLink revoked = await writer.InviteAsync(Rights.Read, "Bo", cancellationToken: Timeout);
        await writer.RevokeAsync(revoked.Token.CapId, Timeout);
        await client.FlushAsync(Timeout);

        Assert.Equal(Rights.Read, Server.Redeem(invited.Token.Reveal()).Rights);
        var refused = Assert.Throws<ShareRpcException>(() => Server.Redeem(revoked.Token.Reveal()));
        Assert.Equal(ErrorCode.CapabilityRevoked, refused.Code);
        Assert.Equal((0L, null), (writer.Status.Failed, writer.Status.LastError));
    }

    [Fact]
    public async Task A_request_survives_a_redemption_that_asks_for_another_writer()
    {
        (_, ShareLink link) = AddShare();
        int redemptions = 0;
        Server.Refuse = call =>
        {
            if (call is RedeemShareRequest && ++redemptions == 1) throw new ShareRpcException(ErrorCode.WriterTaken);
        };
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        ShareLink invited = await writer.InviteAsync(Rights.Read, "Ana", cancellationToken: Timeout);
        await client.FlushAsync(Timeout);

        Assert.Equal(Rights.Read, Server.Redeem(invited.Token.Reveal()).Rights);
    }

    [Fact]
    public async Task A_request_that_the_server_refuses_is_counted_as_failed()
    {
        (_, ShareLink link) = AddShare(Rights.Read | Rights.Append);
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.InviteAsync(Rights.Read, "Ana", cancellationToken: Timeout);
        await writer.EnqueueAsync(Puts(1), null, Timeout);
        await client.FlushAsync(Timeout);

        Assert.Equal((1L, 1L, "forbidden"), (writer.Status.Failed, writer.Status.Applied, writer.Status.LastError));
    }

    [Fact]
    public async Task Requests_of_a_share_whose_access_is_gone_fail_with_it_and_end()
    {
        (_, ShareLink link) = AddShare();
        Server.Refuse = call =>
        {
            if (call is RedeemShareRequest) throw new ShareRpcException(ErrorCode.CapabilityRevoked);
        };
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.InviteAsync(Rights.Read, "Ana", cancellationToken: Timeout);
        await client.FlushAsync(Timeout);

        Assert.Equal((1L, "capability_revoked"), (writer.Status.Failed, writer.Status.ClosedCode));
    }

    [Fact]
    public async Task A_create_waits_out_the_rotation_of_its_creator()
    {
        ShareToken old = Credentials.FindToken(Options.CreatorCapId!)!;
        ShareToken next = ShareToken.New(old.CapId);
        Credentials.AddNext(next, ServerAddress, null, null); // the server has it, its answer is on the way
        lock (Server.Gate)
        {
            Server.Refs[old.Digest].DeadCode = ErrorCode.CapabilityRevoked;
            Server.Refs.Add(next.Digest, new ScriptedRef(next.CapId, null, RightsNames.Creator));
        }

        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.CreateShareAsync("test:1", null, Timeout);
        await writer.EnqueueAsync(Puts(1), null, Timeout);
        await client.FlushAsync(Timeout);

        Assert.Equal((1L, null), (writer.Status.Applied, writer.Status.ClosedCode));
    }

    /// <summary>The creator comes online.</summary>
    private void Appear(ShareLink link)
    {
        lock (Server.Gate)
        {
            Server.Shares.Add(link.ShareId, new ScriptedShare(link.ShareId));
            Server.Refs.Add(link.Token.Digest,
                new ScriptedRef(link.Token.CapId, link.ShareId, RightsNames.Owner));
        }
    }
}
