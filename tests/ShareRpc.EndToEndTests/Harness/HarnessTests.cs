using System.Globalization;
using Xunit.Abstractions;

namespace ShareRpc.EndToEndTests.Harness;

/// <summary>
/// The fault harness, once a seed. <c>SHARERPC_SEED=n</c> shifts the seeds; a failing one is repeated by
/// <c>dotnet run --project tests/ShareRpc.EndToEndTests -- harness --seed n</c>. In two classes, which run beside each other.
/// </summary>
public abstract class HarnessTests(ITestOutputHelper output)
{
    private const int Seeds = 30;

    public static TheoryData<int> OddSeeds => [.. Enumerable.Range(1, Seeds).Where(int.IsOddInteger)];

    public static TheoryData<int> EvenSeeds => [.. Enumerable.Range(1, Seeds).Where(int.IsEvenInteger)];

    private async Task RunAsync(int round)
    {
        string? asked = Environment.GetEnvironmentVariable("SHARERPC_SEED");
        int shift = int.TryParse(asked, CultureInfo.InvariantCulture, out int chosen) ? chosen : 0;
        RunReport report = await HarnessProgram.RunSeedAsync(round + shift, HarnessOptions.Default);
        output.WriteLine(report.ToString());
        Assert.True(report.Findings.Count == 0,
            $"{report}\n{string.Join('\n', report.Findings)}\nrepeat: {HarnessProgram.CommandOf(report.Seed)}");
        Assert.True(report.ServerKills + report.WriterKills > 0, "nothing was killed");
    }

    public sealed class OfOddSeeds(ITestOutputHelper output) : HarnessTests(output)
    {
        [Theory]
        [MemberData(nameof(OddSeeds))]
        public Task Invariant_I3_nothing_is_lost_and_nothing_is_doubled_whatever_is_killed_or_cut(int round) => RunAsync(round);
    }

    public sealed class OfEvenSeeds(ITestOutputHelper output) : HarnessTests(output)
    {
        [Theory]
        [MemberData(nameof(EvenSeeds))]
        public Task Invariant_I3_nothing_is_lost_and_nothing_is_doubled_whatever_is_killed_or_cut(int round) => RunAsync(round);
    }
}
