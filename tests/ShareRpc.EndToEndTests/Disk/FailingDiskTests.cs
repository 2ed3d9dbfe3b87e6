using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using ShareRpc.Client;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Disk;

/// <summary>A real server whose disk stops taking writes while it runs.</summary>
public sealed class FailingDiskTests
{
    private const int StorageRetryAfterMs = 2_000;
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [GccTheory]
    [InlineData("full")]
    [InlineData("io")]
    [InlineData("read-only")]
    public async Task While_the_disk_takes_nothing_nothing_is_acknowledged_and_when_it_does_again_everything_arrives(
        string how)
    {
        await using DiskWorld world = await DiskWorld.OpenAsync();
        await world.StartAsync(timeout);
        ShareToken owner = await world.CreateShareAsync(timeout);
        using PlainConnection plain = await PlainConnection.RedeemAsync(world.Address, owner.Reveal(), null, timeout);
        await using ShareClient client = await world.OpenClientAsync("state", timeout);
        ShareWriter share = await client.CreateShareAsync("k", null, timeout);
        await share.EnqueueAsync(DiskWorld.Puts("before", 20), cancellationToken: timeout);
        await client.FlushAsync(timeout);

        await plain.AskAsync("appendOps", Batch("known"), timeout);

        world.Disk.Fail(how);
        RefusedException refused =
            await Assert.ThrowsAsync<RefusedException>(() => plain.AskAsync("appendOps", Batch("x"), timeout));
        Assert.Equal(("storage_unavailable", true, StorageRetryAfterMs),
            (refused.Code, refused.IsTransient, refused.RetryAfterMs));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await world.ReadyAsync());

        // A duplicate needs no write, and so says nothing of the disk; in one transaction with what does it is refused.
        if (how != "read-only") await Until.TrueAsync(() => IsDuplicateAsync(plain), timeout);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await world.ReadyAsync());
        await share.EnqueueAsync(DiskWorld.Puts("during", 50), cancellationToken: timeout);
        await Until.TrueAsync(() => share.Status.InFlight > 0 || share.Status.LastError is not null, timeout);
        Assert.Equal(20, share.Status.Applied);
        JsonObject page = await plain.AskAsync("readOps", new JsonObject { ["after"] = 0, ["limit"] = 10 }, timeout);
        Assert.Single(page["ops"]!.AsArray()); // reads go on, and see nothing of what was refused

        world.Disk.Repair();
        await client.FlushAsync(timeout);
        Assert.Equal(HttpStatusCode.OK, await world.ReadyAsync());
        JsonObject ack = await plain.AskAsync("appendOps", Batch("x"), timeout);
        Assert.Single(ack["applied"]!.AsArray());
        IReadOnlyList<JsonObject> log =
            await PlainLog.ReadAsync(world.Address, share.ViewerLink!.Token.Reveal(), timeout);
        Assert.Equal(
            [.. DiskWorld.Puts("before", 20).Select(op => op.OpId),
                .. DiskWorld.Puts("during", 50).Select(op => op.OpId)],
            log.Select(op => (string)op["op_id"]!));
        Assert.False(world.Server.HasExited);
    }

    [GccFact]
    public async Task A_revocation_that_a_full_disk_did_not_take_denies_at_once_and_is_made_durable_without_its_caller()
    {
        await using DiskWorld world = await DiskWorld.OpenAsync();
        await world.StartAsync(timeout);
        ShareToken owner = await world.CreateShareAsync(timeout);
        using (PlainConnection plain = await PlainConnection.RedeemAsync(world.Address, owner.Reveal(), null, timeout))
        {
            world.Disk.Fail("full");
            var revoke = new JsonObject { ["cap_id"] = owner.CapId };
            var refused =
                await Assert.ThrowsAsync<RefusedException>(() => plain.AskAsync("revokeCapability", revoke, timeout));
            Assert.Equal(("revocation_not_durable", true), (refused.Code, refused.IsTransient));
            var read = new JsonObject { ["after"] = 0, ["limit"] = 10 };
            refused = await Assert.ThrowsAsync<RefusedException>(() => plain.AskAsync("readOps", read, timeout));
            Assert.Equal("capability_revoked", refused.Code);
        }

        await AssertRevokedAsync(world, owner);
        world.Disk.Repair();

        // Its caller is gone and cannot come back: the server itself repeats it.
        string done = $"Capability {owner.CapId} was revoked";
        await Until.TrueAsync(() => world.Server.Errors.Contains(done, StringComparison.Ordinal), timeout);
        world.Server.Kill();
        await world.Server.WaitForExitAsync(timeout);
        await world.StartAsync(timeout);
        await AssertRevokedAsync(world, owner);
    }

    [GccFact]
    public async Task A_page_damaged_under_a_running_server_is_answered_as_transient_and_logged_with_the_next_step()
    {
        await using DiskWorld world = await DiskWorld.OpenAsync();
        await world.StartAsync(timeout);
        ShareToken owner = await world.CreateShareAsync(timeout);
        using (PlainConnection writer = await PlainConnection.RedeemAsync(world.Address, owner.Reveal(), null, timeout))
        {
            for (int i = 0; i < 20; i++) await writer.AskAsync("appendOps", Batch($"big{i}", 20_000), timeout);
        }

        await world.StopAsync(timeout);
        await world.StartAsync(timeout);
        using PlainConnection reader = await PlainConnection.RedeemAsync(world.Address, owner.Reveal(), null, timeout);
        Damage.PagesWith(world.Database, new string('y', 1_000));
        var all = new JsonObject { ["after"] = 0, ["limit"] = 1000 };
        RefusedException refused =
            await Assert.ThrowsAsync<RefusedException>(() => reader.AskAsync("readOps", all, timeout));
        Assert.Equal(("storage_unavailable", true), (refused.Code, refused.IsTransient));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await world.ReadOverHttpAsync(owner, timeout));
        await Until.TrueAsync(() => world.Server.Errors.Contains("run sharerpc check", StringComparison.Ordinal),
            timeout);
    }

    [GccFact]
    public async Task While_another_program_holds_the_database_appends_fail_as_transient_and_afterwards_they_succeed()
    {
        await using DiskWorld world = await DiskWorld.OpenAsync();
        await world.StartAsync(timeout);
        ShareToken owner = await world.CreateShareAsync(timeout);
        using PlainConnection plain = await PlainConnection.RedeemAsync(world.Address, owner.Reveal(), null, timeout);
        await using (var other = new SqliteConnection($"Data Source={world.Database};Pooling=False"))
        {
            await other.OpenAsync(timeout);
            await using SqliteCommand hold = other.CreateCommand();
            hold.CommandText = "BEGIN IMMEDIATE";
            await hold.ExecuteNonQueryAsync(timeout);
            RefusedException refused =
                await Assert.ThrowsAsync<RefusedException>(() => plain.AskAsync("appendOps", Batch("x"), timeout));
            Assert.Equal(("storage_unavailable", true), (refused.Code, refused.IsTransient));
        }

        JsonObject ack = await plain.AskAsync("appendOps", Batch("x"), timeout);
        Assert.Single(ack["applied"]!.AsArray());
    }

    private static async Task AssertRevokedAsync(DiskWorld world, ShareToken owner)
    {
        var refused = await Assert.ThrowsAsync<RefusedException>(
            () => PlainConnection.RedeemAsync(world.Address, owner.Reveal(), null, CancellationToken.None));
        Assert.Equal("capability_revoked", refused.Code);
    }

    private async Task<bool> IsDuplicateAsync(PlainConnection plain)
    {
        try
        {
            JsonObject ack = await plain.AskAsync("appendOps", Batch("known"), timeout);
            return ack["duplicates"]!.AsArray().Count == 1;
        }
        catch (RefusedException refused) when (refused.Code == "storage_unavailable")
        {
            return false;
        }
    }

    private static JsonObject Batch(string id, int size = 10) => new()
    {
        ["batch_id"] = id,
        ["ops"] = new JsonArray(new JsonObject
        {
            ["op_id"] = id, ["verb"] = "put", ["kind"] = "part", ["key"] = id,
            ["data"] = new JsonObject { ["text"] = new string('y', size) },
        }),
    };
}
