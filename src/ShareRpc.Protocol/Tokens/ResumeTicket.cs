using System.Diagnostics.CodeAnalysis;
using ShareRpc.Protocol.Ids;

namespace ShareRpc.Protocol.Tokens;

/// <summary>
/// A resume ticket, <c>srpt_{secret: 43}_{checksum: 6}</c>: it spares a reconnecting holder the cost of the secret and passphrase check,
/// and nothing else. Held in memory on both sides.
/// </summary>
internal static class ResumeTicket
{
    public const string Prefix = "srpt_";

    public const int Length = 5 + 43 + 1 + 6;

    public static string New()
    {
        string body = Prefix + Base62.Random(32, 43);
        return $"{body}_{ShareToken.ChecksumOf(body)}";
    }

    public static bool IsValid([NotNullWhen(true)] string? text) =>
        text is { Length: Length } && text.StartsWith(Prefix, StringComparison.Ordinal) && text[48] == '_'
        && Base62.IsWord(text.AsSpan(5, 43)) && text.AsSpan(49).SequenceEqual(ShareToken.ChecksumOf(text.AsSpan(0, 48)));
}
