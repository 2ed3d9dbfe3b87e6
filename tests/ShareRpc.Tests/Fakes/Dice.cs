namespace ShareRpc.Tests.Fakes;

/// <summary>Numbers that a seed repeats (SplitMix64).</summary>
internal sealed class Dice(int seed)
{
    private ulong state = (ulong)seed;

    /// <summary>Returns a number of 0 or more, below <paramref name="below"/>.</summary>
    public int Next(int below) => (int)(NextBits() % (ulong)below);

    /// <summary>Returns one of these.</summary>
    public T Of<T>(IReadOnlyList<T> choices) => choices[Next(choices.Count)];

    private ulong NextBits()
    {
        state += 0x9E3779B97F4A7C15;
        ulong mixed = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }
}
