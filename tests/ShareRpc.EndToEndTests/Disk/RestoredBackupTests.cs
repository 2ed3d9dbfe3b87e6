using System.Text.Json.Nodes;
using ShareRpc.Client;
using ShareRpc.Client.Writing;

namespace ShareRpc.EndToEndTests.Disk;

/// <summary>A server goes on from a backup while its clients know more than the backup does.</summary>
public sealed class RestoredBackupTests
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [GccFact]
    public async Task A_client_that_is_ahead_of_a_restored_backup_goes_on_without_losing_what_it_still_has()
    {
        await using DiskWorld world = await DiskWorld.OpenAsync();
        await world.StartAsync(timeout);
        await using ShareClient client = await world.OpenClientAsync("state", timeout);
        ShareWriter share = await client.CreateShareAsync("k", null, timeout);
        await share.EnqueueAsync(DiskWorld.Puts("old", 30), cancellationToken: timeout);
        await client.FlushAsync(timeout);

        // A backup while the server works; then ops that only the server that is to be lost has acknowledged.
        string backup = world.PathOf("backup");
        Task appending = AppendManyAsync(client, share);
        await using Tool made = await Tool.RunAsync(["backup", "--data", world.Data, backup, "--json"], timeout);
        Assert.True(made.ExitCode == 0, made.Errors);
        Assert.InRange((long)made.Objects[^1]["ops"]!, 30, 1_030);
        await appending;
        await AssertSoundAsync(world.Data); // beside the running server
        await AssertSoundAsync(backup);
        await world.StopAsync(timeout);
        await share.EnqueueAsync(DiskWorld.Puts("offline", 10), cancellationToken: timeout);

        await world.StartAsync(timeout, backup);
        Assert.False(world.Server.HasExited, world.Server.Errors);
        await client.FlushAsync(timeout);

        Assert.Equal(0, share.Status.Failed);
        IReadOnlyList<JsonObject> log =
            await PlainLog.ReadAsync(world.Address, share.ViewerLink!.Token.Reveal(), timeout);
        Assert.Equal(Enumerable.Range(1, log.Count), log.Select(op => (int)op["cursor"]!));
        HashSet<string> there = [.. log.Select(op => (string)op["op_id"]!)];
        Assert.Equal(log.Count, there.Count);
        Assert.All(DiskWorld.Puts("old", 30), op => Assert.Contains(op.OpId, there));
        Assert.All(DiskWorld.Puts("offline", 10), op => Assert.Contains(op.OpId, there));
        await world.StopAsync(timeout);
        await AssertSoundAsync(backup);
    }

    private async Task AppendManyAsync(ShareClient client, ShareWriter share)
    {
        for (int i = 0; i < 100; i++)
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
