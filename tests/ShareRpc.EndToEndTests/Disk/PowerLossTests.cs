using System.Globalization;
using Xunit.Abstractions;

namespace ShareRpc.EndToEndTests.Disk;

/// <summary>
/// The power goes while a real server works: its files are rebuilt from completed syncs and a seeded part of what came
/// later, and opened. <c>SHARERPC_SEED=n</c> shifts the seeds.
/// </summary>
[Trait("Suite", "Deep")]
public sealed class PowerLossTests(ITestOutputHelper output)
{
    private const int Ops = 1_500;
    private const int LossesOfBroken = 8;
    private static readonly int Losses = DeepSize.Or(100);
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    private static int Shift =>
        int.TryParse(Environment.GetEnvironmentVariable("SHARERPC_SEED"), CultureInfo.InvariantCulture, out int chosen)
            ? chosen : 0;

    [GccFact]
    public async Task Invariant_I3_nothing_acknowledged_is_lost_when_the_power_goes()
    {
        IReadOnlyList<string> wrong = await LoseAsync(Losses, databaseSyncs: true, diskSyncs: true);
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [GccFact]
    public async Task With_synchronous_off_acknowledged_ops_are_lost_and_the_test_sees_it()
    {
        IReadOnlyList<string> wrong = await LoseAsync(LossesOfBroken, databaseSyncs: false, diskSyncs: true);
        Assert.NotEmpty(wrong);
    }

    [GccFact]
    public async Task On_a_disk_that_only_says_that_it_has_synced_acknowledged_ops_are_lost_and_the_test_sees_it()
    {
        IReadOnlyList<string> wrong = await LoseAsync(LossesOfBroken, databaseSyncs: true, diskSyncs: false);
        Assert.NotEmpty(wrong);
    }

    private async Task<IReadOnlyList<string>> LoseAsync(int losses, bool databaseSyncs, bool diskSyncs)
    {
        await using var run = new PowerLossRun();
        await run.LiveAsync(Ops + new Dice(Shift).Next(0, Ops / 2), databaseSyncs, diskSyncs, timeout);
        var wrong = new List<string>();
        for (int seed = Shift + 1; seed <= Shift + losses; seed++)
        {
            IReadOnlyList<string> found = await run.LosePowerAsync(seed, timeout);
            if (found.Count > 0) wrong.Add($"seed {seed}: {found.Count} findings, the first: {found[0]}");
        }

        output.WriteLine(
            $"{run.Acked} ops acknowledged, {run.Records} records, {losses} losses, {wrong.Count} with findings");
        wrong.ForEach(output.WriteLine);
        return wrong;
    }
}
