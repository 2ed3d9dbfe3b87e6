using System.Buffers.Text;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Sources.Following;

/// <summary>
/// Remembers the states of the newest turns as text of bounded length: an entry is the digest of a key and the first
/// letter of its state. A file that is read again says the states of its turns again.
/// </summary>
internal static class KnownTurns
{
    /// <summary>The most turns that are remembered.</summary>
    internal const int Most = 128;

    private const int DigestLength = 11;
    private const int EntryLength = DigestLength + 1;

    /// <summary>Returns whether a state says what was said, or what the server refuses: the turn has ended.</summary>
    public static bool IsSaid(string? known, string key, string state) =>
        StateOf(known, key) is { } before && (before == state[0] || before != TurnStates.Streaming[0]);

    /// <summary>Returns the text with a turn as the newest.</summary>
    public static string With(string? known, string key, string state)
    {
        string entry = DigestOf(key);
        string rest = known ?? "";
        int at = Find(rest, entry);
        if (at >= 0) rest = rest.Remove(at, EntryLength);
        else if (rest.Length >= Most * EntryLength) rest = rest[EntryLength..];
        return $"{rest}{entry}{state[0]}";
    }

    private static char? StateOf(string? known, string key) =>
        known is not null && Find(known, DigestOf(key)) is var at and >= 0 ? known[at + DigestLength] : null;

    private static int Find(string known, string digest)
    {
        for (int at = known.Length - EntryLength; at >= 0; at -= EntryLength)
            if (string.CompareOrdinal(known, at, digest, 0, DigestLength) == 0) return at;
        return -1;
    }

    private static string DigestOf(string key)
    {
        ulong digest = XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(key));
        return Base64Url.EncodeToString(MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in digest)));
    }
}
