using System.Text.Json;
using ShareRpc.Client;
using ShareRpc.Client.Admin;
using ShareRpc.Client.Credentials;
using ShareRpc.Client.Reading;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Protocol.Wire;

namespace ShareRpc.Tests.MainJob;

/// <summary>
/// Who holds a link that works once, or one with a passphrase, comes back: real server, real sockets.
/// </summary>
public sealed class GrantComebackTests : IAsyncLifetime
{
    private const string Words = "open sesame";
    private const Rights Both = Rights.Read | Rights.Append;
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;
    private RunningServer server = null!;
    private ShareClient owner = null!;
    private ShareWriter share = null!;

    public async Task InitializeAsync()
    {
        server = await RunningServer.StartAsync();
        owner = await ShareClient.OpenAsync(Options("owner"), null, true, timeout);
        share = await owner.CreateShareAsync("test:1", null, timeout);
        await share.EnqueueAsync(Ops.Numbered(2), null, timeout);
    }

    public async Task DisposeAsync()
    {
        await owner.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task A_reader_of_a_link_that_works_once_reloads_and_outlives_the_servers_restart()
    {
        ShareLink link = await InviteAsync(Rights.Read, new Caveats { MaxUses = 1 });
        ShareReaderOptions options = ReaderOptions("reader");
        await using (var first = new ShareReader(link, options))
        {
            Assert.Equal(2, (await first.ReadOpsAsync(0, timeout)).Ops.Count);
            await server.StopAsync();
            await server.StartAgainAsync();
            Assert.Equal(2, (await first.ReadOpsAsync(0, timeout)).Ops.Count);
        }

        await using (var reloaded = new ShareReader(link, options)) await reloaded.ReadOpsAsync(0, timeout);
        Assert.Equal(1, (await FindAsync(link.Token.CapId)).Uses);
        await using var other = new ShareReader(link, ReaderOptions("other"));
        ShareRpcException error = await Assert.ThrowsAsync<ShareRpcException>(() => other.ReadOpsAsync(0, timeout));
        Assert.Equal(ErrorCode.CapabilityUsedUp, error.Code);
    }

    [Fact]
    public async Task A_redemption_whose_reply_is_lost_costs_one_use_and_lets_its_holder_in()
    {
        ShareLink link = await InviteAsync(Rights.Read, new Caveats { MaxUses = 1 });
        ShareReaderOptions options = ReaderOptions("reader");
        ShareToken grant = options.Credentials!.KeepGrant(link, ShareToken.New(RandomId.New()));
        using (WireConnection lost = await WireConnection.ConnectAsync(server.Address, timeout))
        {
            string asked = $$"""{"cap_id":"{{grant.CapId}}","token_digest":"{{grant.Digest}}"}""";
            await lost.RequestAsync("redeemShare", $$"""{"token":"{{link.Token.Reveal()}}","grant":{{asked}}}""");
            while ((await FindAsync(link.Token.CapId)).Uses == 0) await Task.Yield();
        }

        await server.StopAsync();
        await server.StartAgainAsync();
        await using var reader = new ShareReader(link, options);
        Assert.Equal(2, (await reader.ReadOpsAsync(0, timeout)).Ops.Count);
        Assert.Equal(1, (await FindAsync(link.Token.CapId)).Uses);
    }

    [Fact]
    public async Task A_writer_returns_through_its_grant_as_the_same_writer()
    {
        ShareLink link = await InviteAsync(Both, new Caveats { MaxUses = 1 });
        await using (ShareClient first = await JoinAsync(link))
        {
            await SendAsync(first, "a");
            await server.StopAsync();
            ShareWriter writer = first.FindShare("test:2")!;
            await writer.EnqueueAsync([Ops.Put("b", "{}")], null, timeout);
            await server.StartAgainAsync();
            await writer.FlushAsync(timeout);
        }

        await using ShareClient again = await ShareClient.OpenAsync(Options("writer"), null, true, timeout);
        await SendAsync(again, "c");
        WriterStatus status = again.FindShare("test:2")!.Status;
        Assert.Equal((null, 0L, 3L), (status.ClosedCode, status.Failed, status.Applied));
        await using var reader = new ShareReader(share.ViewerLink!, ReaderOptions("reader"));
        Assert.Single((await reader.ReadOpsAsync(2, timeout)).Ops.Select(op => op.WriterId).Distinct());
        Assert.Equal(1, (await FindAsync(link.Token.CapId)).Uses);
    }

    [Fact]
    public async Task A_writer_of_a_locked_link_waits_for_the_passphrase_when_its_grant_has_ended()
    {
        ShareLink link = await InviteAsync(Both, null, Words);
        await using (ShareClient first = await JoinAsync(link, Words)) await SendAsync(first, "a");
        await using ShareClient again = await ShareClient.OpenAsync(Options("writer"), null, true, timeout);
        await SendAsync(again, "b");

        string grant = (await ListAsync()).Single(one => one.Grant == true).CapId;
        await share.RevokeAsync(grant, timeout);
        await share.FlushAsync(timeout);
        ShareWriter writer = again.FindShare("test:2")!;
        await writer.EnqueueAsync([Ops.Put("c", "{}")], null, timeout);
        while (writer.Status.InFlight == 0) await writer.Changed.WaitAsync(timeout);
        Assert.Null(writer.Status.ClosedCode);

        await again.JoinShareAsync("test:2", link, Words, timeout);
        await writer.FlushAsync(timeout);
        Assert.Equal((null, 0L, 3L), (writer.Status.ClosedCode, writer.Status.Failed, writer.Status.Applied));
    }

    [Fact]
    public async Task Revoking_a_grant_closes_its_open_connection_and_no_other()
    {
        ShareLink link = await InviteAsync(Rights.Read, new Caveats { MaxUses = 9 });
        using WireConnection alone = await WireConnection.ConnectAsync(server.Address, timeout);
        using WireConnection shared = await WireConnection.ConnectAsync(server.Address, timeout);
        (ShareToken first, string path) = await GrantAsync(alone, link);
        (ShareToken second, string sharedPath) = await GrantAsync(shared, link);
        string viewer = share.ViewerLink!.Token.Reveal();
        JsonElement kept = await shared.ResultAsync("redeemShare", $$"""{"token":"{{viewer}}"}""");
        string id = await alone.RequestAsync($"{path}/readOps", """{"after":2,"wait_ms":30000}""");

        foreach (ShareToken grant in new[] { first, second }) await share.RevokeAsync(grant.CapId, timeout);
        await share.FlushAsync(timeout);

        JsonElement ended = (await alone.ReceiveAsync(id)).GetProperty("error").GetProperty("data");
        Assert.Equal(("capability_revoked", "redeem"),
            (ended.GetProperty("code").GetString(), ended.GetProperty("action").GetString()));
        Assert.Equal(1008, await alone.ReceiveCloseAsync());
        JsonElement refused = await shared.CallAsync($"{sharedPath}/readOps", "{}");
        Assert.Equal("capability_revoked",
            refused.GetProperty("error").GetProperty("data").GetProperty("code").GetString());
        await shared.ResultAsync($"{PathOf(kept)}/readOps", "{}");
    }

    private static async Task<(ShareToken Grant, string Path)> GrantAsync(WireConnection connection, ShareLink link)
    {
        ShareToken grant = ShareToken.New(RandomId.New());
        string asked = $$"""{"cap_id":"{{grant.CapId}}","token_digest":"{{grant.Digest}}"}""";
        JsonElement result = await connection.ResultAsync(
            "redeemShare", $$"""{"token":"{{link.Token.Reveal()}}","grant":{{asked}}}""");
        return (grant, PathOf(result));
    }

    private static string PathOf(JsonElement redeemed) =>
        $"$/invokeProxy/{redeemed.GetProperty("share").GetProperty("handle").GetInt64()}";

    private async Task<ShareLink> InviteAsync(Rights rights, Caveats? caveats, string? passphrase = null)
    {
        ShareLink link = await share.InviteAsync(rights, "guest", caveats, passphrase, timeout);
        await share.FlushAsync(timeout);
        return link;
    }

    private async Task<ShareClient> JoinAsync(ShareLink link, string? passphrase = null)
    {
        ShareClient client = await ShareClient.OpenAsync(Options("writer"), null, true, timeout);
        await client.JoinShareAsync("test:2", link, passphrase, timeout);
        return client;
    }

    private async Task SendAsync(ShareClient client, string key)
    {
        ShareWriter writer = client.FindShare("test:2")!;
        await writer.EnqueueAsync([Ops.Put(key, "{}")], null, timeout);
        await writer.FlushAsync(timeout);
    }

    private async Task<IReadOnlyList<CapabilityInfo>> ListAsync()
    {
        await using AdminClient root = await server.OpenRootAsync();
        return await root.ListCapabilitiesAsync(share.ShareId, timeout);
    }

    private async Task<CapabilityInfo> FindAsync(string capId) => (await ListAsync()).Single(one => one.CapId == capId);

    private ShareClientOptions Options(string name) => server.ClientOptions(name) with
    {
        FirstRetry = TimeSpan.FromMilliseconds(5), MaxRetry = TimeSpan.FromMilliseconds(50),
        WokenRetry = TimeSpan.FromMilliseconds(5),
    };

    private ShareReaderOptions ReaderOptions(string name) => new()
    {
        FirstRetry = TimeSpan.FromMilliseconds(5), MaxRetry = TimeSpan.FromMilliseconds(50),
        Credentials = new CredentialStore(server.ClientOptions(name).CredentialsPath),
    };
}
