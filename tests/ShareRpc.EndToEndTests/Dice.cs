namespace ShareRpc.EndToEndTests;

/// <summary>Numbers that a seed repeats (SplitMix64).</summary>
internal sealed class Dice(int seed)
{
    private ulong state = (ulong)seed;

    /// <summary>At least <paramref name="from"/>, below <paramref name="to"/>.</summary>
    public int Next(int from, int to) => from + (int)(NextBits() % (ulong)(to - from));

    public string[] Shuffle(string[] items)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int other = Next(0, i + 1);
            (items[i], items[other]) = (items[other], items[i]);
        }

        return items;
    }

    private ulong NextBits()
    {
        state += 0x9E3779B97F4A7C15;
        ulong mixed = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }
}
