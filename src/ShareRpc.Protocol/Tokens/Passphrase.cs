using System.Security.Cryptography;
using System.Text;

namespace ShareRpc.Protocol.Tokens;

/// <summary>Passphrase digests (SPEC [TOKEN-5]).</summary>
public static class Passphrase
{
    /// <summary>Maximum length, in characters.</summary>
    public const int MaxLength = 1024;

    /// <summary>
    /// Returns HMAC-SHA256 of the UTF-8 passphrase, keyed with <c>srpc_{cap id}_{secret}</c>, in lower-case hex.
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
