using System.Text.Json;
using ShareRpc.Client;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Tests.Cli;

/// <summary>What the tool says of invitations and revocations that cannot be made at once.</summary>
public sealed class RequestsOfTheToolTests : ToolTest
{
    [Fact]
    public async Task An_invitation_that_the_server_refuses_fails_is_counted_and_can_be_dropped()
    {
        await using ShareClient creator = await Server.OpenClientAsync("creator");
        ShareWriter shared = await creator.CreateShareAsync("test:1", null, Timeout);
        ShareLink guest = await shared.InviteAsync(Rights.Read | Rights.Append, "guest", cancellationToken: Timeout);
        await creator.FlushAsync(Timeout);
        await JoinAsync(guest);

        (int exitCode, string said, string why) = await RunAsync("invite", shared.ShareId);
        JsonElement status = Assert.Single(await LinesAsync("outbox", "status"));
        (_, string shown, _) = await RunAsync("outbox", "status");
        await LinesAsync("outbox", "drop", "--yes");
        JsonElement dropped = Assert.Single(await LinesAsync("outbox", "status"));

        Assert.Equal(3, exitCode);
        Assert.DoesNotContain("srpc_", said, StringComparison.Ordinal);
        Assert.Contains("does not include that right", why, StringComparison.Ordinal);
        Assert.Equal((1, "forbidden"),
            (status.GetProperty("failed").GetInt32(), Text(status.GetProperty("requests")[0], "code")));
        Assert.Contains("failed 1", shown, StringComparison.Ordinal);
        Assert.Contains("attenuate", shown, StringComparison.Ordinal);
        Assert.Equal(0, dropped.GetProperty("failed").GetInt32());
    }

    [Fact]
    public async Task An_invitation_to_a_share_whose_creator_is_not_online_yet_is_made_once_it_is()
    {
        ShareLink link = await LinkOfAbsentCreatorAsync();
        await JoinAsync(link);
        Task<List<JsonElement>> inviting = LinesAsync("invite", link.ShareId);
        await UntilQueuedAsync();
        await BringCreatorOnlineAsync();
        JsonElement invited = Assert.Single(await inviting);
        (int watched, _, string why) = await RunAsync("watch", Text(invited, "link"), "--once", "--timeout", "60");

        Assert.False(invited.GetProperty("queued").GetBoolean());
        Assert.True(watched == 0, why);
        Assert.Equal(0, Assert.Single(await LinesAsync("outbox", "status")).GetProperty("failed").GetInt32());
    }

    [Fact]
    public async Task A_revocation_goes_behind_what_is_queued_and_needs_another_token_where_the_owners_is_gone()
    {
        ShareLink link = await LinkOfAbsentCreatorAsync();
        await JoinAsync(link);
        ShareLink guest = await InviteOfflineAsync(link);
        (int queued, string said, _) = await RunAsync("revoke", guest.Token.CapId);
        await BringCreatorOnlineAsync();
        await RunAsync("outbox", "retry");
        (int watched, _, _) = await RunAsync("watch", guest.Reveal(), "--once");
        File.WriteAllText(CredentialsPath, (await File.ReadAllTextAsync(CredentialsPath))
            .Replace(link.Token.Reveal(), "", StringComparison.Ordinal));
        (int withoutToken, _, string why) = await RunAsync("revoke", link.Token.CapId);
        (int asRoot, _, _) = await RunAsync(["revoke", link.Token.CapId, .. ToRoot]);

        Assert.Equal((4, 3), (queued, watched));
        Assert.Contains("queued", said, StringComparison.Ordinal);
        Assert.Equal((1, 0), (withoutToken, asRoot));
        Assert.Contains("--token-file", why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_refused_in_an_earlier_run_of_share_does_not_fail_the_next_one()
    {
        string path = Files.Sample();
        string[] share = ["share", "--once", "--opencode", path, .. ToRoot];
        await LinesAsync(share);
        await using (ShareClient client = await OpenOfflineAsync())
            await Assert.Single(client.Shares).RevokeAsync(RandomId.New(), Timeout); // of a ref that nobody has
        (int refused, _, _) = await RunAsync(share);
        List<JsonElement> lines = await LinesAsync(share);

        JsonElement done = lines.Single(line => line.TryGetProperty("failed_earlier", out _));
        Assert.Equal(1, refused);
        Assert.Equal((0, 1), (done.GetProperty("failed").GetInt32(), done.GetProperty("failed_earlier").GetInt32()));
    }

    private async Task<ShareLink> InviteOfflineAsync(ShareLink link)
    {
        await using ShareClient client = await OpenOfflineAsync();
        return await client.Shares.Single(share => share.ShareId == link.ShareId)
            .InviteAsync(Rights.Read, "guest", cancellationToken: Timeout);
    }

    /// <summary>Ends when the tool's outbox holds a request.</summary>
    private async Task UntilQueuedAsync()
    {
        while (Assert.Single(await LinesAsync("outbox", "status")).GetProperty("requests").GetArrayLength() == 0)
            Timeout.ThrowIfCancellationRequested();
    }
}
