using System.Globalization;
using Xunit.Abstractions;

namespace ShareRpc.EndToEndTests.Harness;

/// <summary>
/// The fault harness, once a seed; the third seed copies an outbox. <c>eng/deep-tests harness</c> runs many more.
/// <c>SHARERPC_SEED=n</c> shifts the seeds; <see cref="HarnessProgram.CommandOf"/> repeats a failing one.
/// </summary>
public sealed class HarnessTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Invariant_I3_nothing_is_lost_and_nothing_is_doubled_whatever_is_killed_or_cut(int round)
    {
        string? asked = Environment.GetEnvironmentVariable("SHARERPC_SEED");
        int shift = int.TryParse(asked, CultureInfo.InvariantCulture, out int chosen) ? chosen : 0;
        RunReport report = await HarnessProgram.RunSeedAsync(round + shift, HarnessOptions.Default);
        output.WriteLine(report.ToString());
        Assert.True(report.Findings.Count == 0,
            $"{report}\n{string.Join('\n', report.Findings)}\nrepeat: {HarnessProgram.CommandOf(report.Seed)}");
        Assert.True(report.ServerKills + report.WriterKills > 0, "nothing was killed");
    }
}
