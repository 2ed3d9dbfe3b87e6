using System.Text.Json.Nodes;
using ShareRpc.Client;
using ShareRpc.Client.Admin;
using ShareRpc.Client.Reading;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Disk;

/// <summary>The restore drill: a server is killed and restored while its clients know more than the backup.</summary>
public sealed class RestoredBackupTests
{
    private const int Later = 1_000;
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [GccFact]
    public async Task Clients_go_on_after_a_restore_and_name_what_was_acknowledged_and_is_lost()
    {
        await using DiskWorld world = await DiskWorld.OpenAsync();
        await world.StartAsync(timeout);
        await using ShareClient client = await world.OpenClientAsync("state", timeout);
        ShareWriter share = await client.CreateShareAsync("k", null, timeout);
        await share.EnqueueAsync(DiskWorld.Puts("old", 30), cancellationToken: timeout);
        await client.FlushAsync(timeout);
        ShareToken guest = await InviteAsync(share);

        // A backup while the server works; then ops that only the server that is to be lost has acknowledged.
        string backup = world.PathOf("backup");
        Task appending = AppendManyAsync(client, share);
        await using Tool made = await Tool.RunAsync(["backup", "--data", world.Data, backup, "--json"], timeout);
        Assert.True(made.ExitCode == 0, made.Errors);
        long kept = (long)made.Objects[^1]["ops"]!;
        Assert.InRange(kept, 30, 30 + Later);
        await appending;
        await AssertSoundAsync(world.Data); // beside the running server
        await AssertSoundAsync(backup);
        await share.EnqueueAsync(DiskWorld.Puts("lost", 20), cancellationToken: timeout);
        ShareWriter unknown = await client.CreateShareAsync("made after the backup", null, timeout);
        await unknown.EnqueueAsync(DiskWorld.Puts("unknown", 3), cancellationToken: timeout);
        await client.FlushAsync(timeout);
        await using (AdminClient owner = await AdminClient.OpenShareAsync(share.OwnerLink!, timeout))
            await owner.RevokeCapabilityAsync(guest.CapId);
        await using var reader = new ShareReader(share.ViewerLink!);
        OpPage page = await reader.ReadOpsAsync(30 + Later, timeout);
        Assert.Equal((30 + Later + 20, null), (page.Head, page.Generation));
        world.Server.Kill();
        await world.Server.WaitForExitAsync(timeout);
        await share.EnqueueAsync(DiskWorld.Puts("offline", 10), cancellationToken: timeout);
        await unknown.EnqueueAsync(DiskWorld.Puts("offline", 1), cancellationToken: timeout);

        await using Tool restored =
            await Tool.RunAsync(["restore", backup, "--data", world.Data, "--json"], timeout);
        Assert.True(restored.ExitCode == 0, restored.Errors);
        Assert.Equal((1, 0), ((int)restored.Objects[^1]["applied"]!, (int)restored.Objects[^1]["suspended"]!));
        await world.StartAsync(timeout);
        Assert.False(world.Server.HasExited, world.Server.Errors);
        await client.FlushAsync(timeout);

        // The writer goes on, and knows what is lost.
        Assert.Equal(0, share.Status.Failed);
        MissingOps missing = Assert.Single(share.Status.Missing);
        Assert.Equal((kept + 1, 30 + Later + 20), (missing.FirstSeq, missing.LastSeq));
        Assert.Equal((3L, "invalid_token"), (Assert.Single(unknown.Status.Missing).Count, unknown.Status.ClosedCode));
        await using Tool status =
            await Tool.RunAsync(["outbox", "status", "--state", world.PathOf("state"), "--json"], timeout);
        Assert.Equal(kept + 1, (long)status.Objects[0]["missing"]![0]!["first_seq"]!);

        // A reader whose cursor is of the lost log starts from the state.
        page = await reader.ReadOpsAsync(30 + Later + 20, timeout);
        Assert.Equal((long)restored.Objects[^1]["generation"]!, page.Generation);
        Assert.NotNull(page.Gap);
        ShareSnapshot state = await reader.ReadStateAsync(timeout);
        Assert.Equal(kept + 10, state.Cursor);
        Assert.Equal(10, state.Documents.Count(
            document => document.Key.StartsWith("offline.", StringComparison.Ordinal)));

        await AssertWholeAsync(world, share);
        await AssertRevokedAsync(world, share, guest);
        await world.StopAsync(timeout);
        await AssertSoundAsync(world.Data);
    }

    private async Task<ShareToken> InviteAsync(ShareWriter share)
    {
        ShareToken guest = ShareToken.New(ShareRpc.Protocol.Ids.RandomId.New());
        await using AdminClient owner = await AdminClient.OpenShareAsync(share.OwnerLink!, timeout);
        await owner.AttenuateAsync(new AttenuateRequest
        {
            CapId = guest.CapId, TokenDigest = guest.Digest, Rights = ["read"],
        });
        return guest;
    }

    private async Task AssertWholeAsync(DiskWorld world, ShareWriter share)
    {
        IReadOnlyList<JsonObject> log =
            await PlainLog.ReadAsync(world.Address, share.ViewerLink!.Token.Reveal(), timeout);
        Assert.Equal(Enumerable.Range(1, log.Count), log.Select(op => (int)op["cursor"]!));
        HashSet<string> there = [.. log.Select(op => (string)op["op_id"]!)];
        Assert.Equal(log.Count, there.Count);
        Assert.All(DiskWorld.Puts("old", 30), op => Assert.Contains(op.OpId, there));
        Assert.All(DiskWorld.Puts("offline", 10), op => Assert.Contains(op.OpId, there));
    }

    /// <summary>What was revoked after the backup stays so.</summary>
    private async Task AssertRevokedAsync(DiskWorld world, ShareWriter share, ShareToken guest)
    {
        ShareRpcException refused = await Assert.ThrowsAsync<ShareRpcException>(() => AdminClient.OpenShareAsync(
            new ShareLink(world.Address, share.ShareId, guest), timeout));
        Assert.Equal(ErrorCode.CapabilityRevoked, refused.Code);
    }

    private async Task AppendManyAsync(ShareClient client, ShareWriter share)
    {
        for (int i = 0; i < Later / 10; i++)
            await share.EnqueueAsync(DiskWorld.Puts($"more{i}", 10), cancellationToken: timeout);
        await client.FlushAsync(timeout);
    }

    private async Task AssertSoundAsync(string data)
    {
        await using Tool check = await Tool.RunAsync(["check", "--data", data, "--json"], timeout);
        Assert.True(check.ExitCode == 0, string.Join('\n', check.Lines) + check.Errors);
        JsonObject said = check.Objects[^1];
        Assert.True((bool)said["ok"]!);
        Assert.True((long)said["ops"]! >= 30);
    }
}
