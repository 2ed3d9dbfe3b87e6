using Microsoft.Data.Sqlite;

namespace ShareRpc.EndToEndTests.Disk;

/// <summary>
/// What `sharerpc serve` says when it cannot work with its data directory: one line with the next step, and exit code
/// 1.
/// </summary>
public sealed class RefusedStartTests(StoppedData stopped) : IClassFixture<StoppedData>
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [GccFact]
    public async Task On_a_damaged_page()
    {
        await using DiskWorld world = await StoppedAsync();
        Damage.PagesWith(world.Database, "create_root");
        await AssertRefusedAsync(world, "is damaged: restore a backup", "sharerpc check");
    }

    [GccFact]
    public async Task On_a_file_that_is_no_database()
    {
        await using DiskWorld world = await StoppedAsync();
        await File.WriteAllTextAsync(world.Database, new string('x', 10_000), timeout);
        await AssertRefusedAsync(world, "is damaged: restore a backup", "sharerpc check");
    }

    [GccFact]
    public async Task On_a_database_that_another_program_holds()
    {
        await using DiskWorld world = await StoppedAsync();
        await using var other = new SqliteConnection($"Data Source={world.Database};Pooling=False");
        await other.OpenAsync(timeout);
        await using SqliteCommand hold = other.CreateCommand();
        hold.CommandText = "BEGIN IMMEDIATE";
        await hold.ExecuteNonQueryAsync(timeout);
        await AssertRefusedAsync(world, "is locked: another program holds it", "End that program");
    }

    [GccFact]
    public async Task On_a_directory_that_another_server_holds()
    {
        await using DiskWorld world = await DiskWorld.OpenAsync();
        await world.StartAsync(timeout);
        await using Tool second =
            await Tool.RunAsync(["serve", "--data", world.Data, "--urls", "http://127.0.0.1:0"], timeout);
        AssertSaid(second, "Another server is running", "--data");
    }

    [GccTheory]
    [InlineData("read-only", "is mounted read-only", "remount it")]
    [InlineData("full", "is full", "free some space")]
    [InlineData("io", "The disk failed", "the system's log")]
    public async Task On_a_disk_that_takes_no_writes(string how, string says, string next)
    {
        await using DiskWorld world = await StoppedAsync();
        world.Disk.Fail(how);
        await AssertRefusedAsync(world, says, next);
    }

    [GccFact]
    public async Task On_a_full_disk_with_no_directory_yet()
    {
        await using DiskWorld world = await DiskWorld.OpenAsync();
        world.Disk.Fail("full");
        await AssertRefusedAsync(world, "is full", "free some space");
    }

    /// <summary>Opens a world whose data directory has a share, and no server on it.</summary>
    private async Task<DiskWorld> StoppedAsync()
    {
        DiskWorld world = await DiskWorld.OpenAsync();
        await stopped.CopyToAsync(world.Data, timeout);
        return world;
    }

    private async Task AssertRefusedAsync(DiskWorld world, params string[] says)
    {
        await world.StartAsync(timeout);
        Assert.True(world.Server.HasExited);
        AssertSaid(world.Server, says);
    }

    private static void AssertSaid(Tool server, params string[] says)
    {
        Assert.Equal(1, server.ExitCode);
        Assert.All(says, text => Assert.Contains(text, server.Errors, StringComparison.Ordinal));
        Assert.Single(server.Errors.Split('\n'));
    }
}
