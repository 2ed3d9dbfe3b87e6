using System.Security.Cryptography;
using System.Text;

namespace ShareRpc.Protocol.Tokens;

/// <summary>What a passphrase becomes before it is kept or compared (SPEC [TOKEN-5]).</summary>
public static class Passphrase
{
    /// <summary>The longest one, in characters.</summary>
    public const int MaxLength = 1024;

    /// <summary>
    /// Returns the HMAC-SHA256 of the passphrase's UTF-8 bytes, keyed with the ASCII text <c>srpc_{cap id}_{secret}</c>
    /// of its token, as 64 lower-case hex digits. Without the token it says nothing about the passphrase.
    /// </summary>
    public static string DigestOf(ShareToken token, string passphrase)
    {
        ArgumentNullException.ThrowIfNull(token);
        byte[] key = Encoding.ASCII.GetBytes(token.Reveal()[..token.Reveal().LastIndexOf('_')]);
        byte[] digest = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(passphrase));
        CryptographicOperations.ZeroMemory(key);
        return Convert.ToHexStringLower(digest);
    }
}
