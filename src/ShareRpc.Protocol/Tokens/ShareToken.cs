using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;
using ShareRpc.Protocol.Ids;

namespace ShareRpc.Protocol.Tokens;

/// <summary>A secret <c>srpc_{cap id: 22}_{secret: 43}_{checksum: 6}</c> (SPEC section "Secrets").</summary>
public sealed class ShareToken
{
    /// <summary>Start of every token, for secret scanners.</summary>
    public const string Prefix = "srpc_";

    /// <summary>Length of a token.</summary>
    public const int Length = 5 + RandomId.Length + 1 + SecretLength + 1 + ChecksumLength;

    private const int SecretLength = 43;
    private const int ChecksumLength = 6;
    private readonly string text;

    private ShareToken(string text)
    {
        this.text = text;
    }

    /// <summary>Gets the ref's id; not secret.</summary>
    public string CapId => text.Substring(Prefix.Length, RandomId.Length);

    /// <summary>Gets the SHA-256 of <c>srpc_{cap id}_{secret}</c>, in lower-case hex.</summary>
    public string Digest => DigestOf(text);

    /// <summary>Creates a 256-bit secret for a ref.</summary>
    public static ShareToken New(string capId)
    {
        if (!RandomId.IsValid(capId)) throw new ArgumentException("A cap id is 22 base62 digits.", nameof(capId));
        string body = $"{Prefix}{capId}_{Base62.Random(32, SecretLength)}";
        return new ShareToken($"{body}_{ChecksumOf(body)}");
    }

    /// <summary>Parses a token.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ShareToken? token)
    {
        token = null;
        if (text is not { Length: Length } || !text.StartsWith(Prefix, StringComparison.Ordinal)) return false;
        ReadOnlySpan<char> capId = text.AsSpan(Prefix.Length, RandomId.Length);
        int secretAt = Prefix.Length + RandomId.Length + 1;
        ReadOnlySpan<char> secret = text.AsSpan(secretAt, SecretLength);
        int checksumAt = secretAt + SecretLength + 1;
        if (text[secretAt - 1] != '_' || text[checksumAt - 1] != '_' || !Base62.IsWord(capId) || !Base62.IsWord(secret))
            return false;
        if (!text.AsSpan(checksumAt).SequenceEqual(ChecksumOf(text.AsSpan(0, checksumAt - 1)))) return false;
        token = new ShareToken(text);
        return true;
    }

    /// <summary>Checks for 64 lower-case hex digits.</summary>
    public static bool IsDigest([NotNullWhen(true)] string? digest) =>
        digest is { Length: 64 } && digest.AsSpan().IndexOfAnyExcept("0123456789abcdef") < 0;

    /// <summary>Returns the token, only to store, link or redeem it.</summary>
    public string Reveal() => text;

    /// <summary>Returns only the cap id.</summary>
    public override string ToString() => $"{Prefix}{CapId}_***";

    internal static string ChecksumOf(ReadOnlySpan<char> body)
    {
        Span<byte> ascii = stackalloc byte[Encoding.ASCII.GetByteCount(body)];
        Encoding.ASCII.GetBytes(body, ascii);
        Span<byte> crc = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(crc, Crc32.HashToUInt32(ascii));
        return Base62.Encode(crc, ChecksumLength);
    }

    private static string DigestOf(string text)
    {
        int bodyLength = Length - ChecksumLength - 1;
        Span<byte> ascii = stackalloc byte[bodyLength];
        Encoding.ASCII.GetBytes(text.AsSpan(0, bodyLength), ascii);
        string digest = Convert.ToHexStringLower(SHA256.HashData(ascii));
        CryptographicOperations.ZeroMemory(ascii);
        return digest;
    }
}
