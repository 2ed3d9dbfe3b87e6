using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Xunit.Abstractions;

namespace ShareRpc.Tests.Server.Storage.Model;

/// <summary>
/// Runs a property over sequences of steps, and makes what fails as short as it can. SHARERPC_SEED picks other
/// sequences, SHARERPC_RUNS how many; the seed is printed.
/// </summary>
internal static class Checked
{
    /// <summary>On a thread of its own, since FsCheck waits for what it runs.</summary>
    public static Task SequencesAsync<T>(ITestOutputHelper output, Gen<T> step, int runs, int mostSteps,
        Func<T[], Task> property)
    {
        int seed = Number("SHARERPC_SEED") ?? 1;
        int count = Number("SHARERPC_RUNS") ?? runs;
        output.WriteLine($"SHARERPC_SEED={seed} SHARERPC_RUNS={count}");
        Config config = Config.QuickThrowOnFailure
            .WithMaxTest(count).WithEndSize(mostSteps).WithStartSize(mostSteps / 4)
            .WithReplay(new Replay(new Rnd((ulong)seed), null));
        return Task.Run(() =>
            Check.One($"seed {seed}", config, Prop.ForAll(Arb.From(Gen.ArrayOf(step), Shorter), property)));
    }

    /// <summary>The sequence without one stretch of steps: the long stretches first.</summary>
    public static IEnumerable<T[]> Shorter<T>(T[] steps)
    {
        for (int length = steps.Length / 2; length > 0; length /= 2)
        {
            for (int from = 0; from + length <= steps.Length; from += length)
                yield return [.. steps[..from], .. steps[(from + length)..]];
        }
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out int chosen)
            ? chosen : null;
}
