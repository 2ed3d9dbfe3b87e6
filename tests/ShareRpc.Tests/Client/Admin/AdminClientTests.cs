using ShareRpc.Client;
using ShareRpc.Client.Admin;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Tests.Client.Admin;

public class AdminClientTests : ClientTest
{
    [Fact]
    public async Task A_creator_lists_deletes_and_derives()
    {
        (_, ShareLink link) = AddShare();
        await using AdminClient admin =
            await AdminClient.OpenRootAsync(Server.ConnectAsync, ServerAddress, Server.AddCreator(), Timeout);
        Assert.Equal(RightsNames.Creator.ToNames(), admin.Rights);
        Assert.Equal([link.ShareId], (await admin.ListSharesAsync(Timeout)).Select(share => share.ShareId));

        ShareToken child = ShareToken.New(RandomId.New());
        var request =
            new AttenuateRequest { CapId = child.CapId, TokenDigest = child.Digest, Rights = Rights.Create.ToNames() };
        Assert.Equal(child.CapId, (await admin.AttenuateAsync(request)).CapId);
        await admin.DeleteShareAsync(link.ShareId);
        Assert.Equal(ErrorCode.ShareDeleted,
            Assert.Throws<ShareRpcException>(() => Server.Redeem(link.Token.Reveal())).Code);
    }

    [Fact]
    public async Task Through_a_link_with_the_right_the_holders_are_listed_and_revoked()
    {
        (_, ShareLink link) = AddShare();
        ShareToken guest = Server.AddRef(link.ShareId, Rights.Read);
        await using AdminClient admin = await AdminClient.OpenShareAsync(Server.ConnectAsync, link, Timeout);
        Assert.Equal(link.Token.CapId, admin.CapId);
        Assert.Equal(2, (await admin.ListCapabilitiesAsync(Timeout)).Count);
        Assert.Equal("create_share", Assert.Single(await admin.ListAuditAsync(Timeout)).Action);

        await admin.RevokeCapabilityAsync(guest.CapId);
        Assert.Equal(ErrorCode.CapabilityRevoked,
            Assert.Throws<ShareRpcException>(() => Server.Redeem(guest.Reveal())).Code);
        await admin.EndShareAsync();
        Assert.True(Server.Shares[link.ShareId].IsEnded);
    }

    [Fact]
    public async Task Refusals_keep_their_code()
    {
        (_, ShareLink link) = AddShare(Rights.Read);
        await using AdminClient admin = await AdminClient.OpenShareAsync(Server.ConnectAsync, link, Timeout);

        ShareRpcException refused =
            await Assert.ThrowsAsync<ShareRpcException>(() => admin.RevokeCapabilityAsync(RandomId.New()));
        Assert.Equal(ErrorCode.Forbidden, refused.Code);
        await Assert.ThrowsAsync<InvalidOperationException>(() => admin.ListSharesAsync(Timeout));
    }

    [Fact]
    public async Task A_wrong_token_and_a_server_out_of_reach_are_different_things()
    {
        ShareToken wrong = ShareToken.New(RandomId.New());
        ShareRpcException refused = await Assert.ThrowsAsync<ShareRpcException>(
            () => AdminClient.OpenRootAsync(Server.ConnectAsync, ServerAddress, wrong, Timeout));
        Assert.Equal(ErrorCode.InvalidToken, refused.Code);
        Assert.DoesNotContain(wrong.Reveal(), refused.ToString(), StringComparison.Ordinal);

        Server.IsDown = true;
        await Assert.ThrowsAsync<DisconnectedException>(
            () => AdminClient.OpenRootAsync(Server.ConnectAsync, ServerAddress, Server.AddCreator(), Timeout));
    }

    [Fact]
    public async Task Lists_are_read_to_their_last_page()
    {
        for (int i = 0; i < 7; i++) AddShare();
        Server.ListPage = 3;
        await using AdminClient admin =
            await AdminClient.OpenRootAsync(Server.ConnectAsync, ServerAddress, Server.AddCreator(), Timeout);

        Assert.Equal(7, (await admin.ListSharesAsync(Timeout)).Select(share => share.ShareId).Distinct().Count());
    }
}
