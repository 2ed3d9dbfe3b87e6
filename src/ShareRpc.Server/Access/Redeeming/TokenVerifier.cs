using System.Security.Cryptography;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Access.Redeeming;

/// <summary>
/// Checks tokens by a keyed hash of their digest. A token has 256 random bits, so a slow hash would add nothing. The
/// key is in <c>DIR/keys</c>, mode 0600; without it no token of this data directory can be checked. Any thread.
/// </summary>
internal sealed class TokenVerifier
{
    private const int KeyBytes = 32;
    private static readonly byte[] Unknown = new byte[KeyBytes];
    private readonly byte[] key;

    private TokenVerifier(byte[] key)
    {
        this.key = key;
    }

    /// <summary>Reads the key, or makes it in a new data directory.</summary>
    public static TokenVerifier Open(string dataDirectory, bool isNew)
    {
        string directory = Path.Combine(dataDirectory, "keys");
        string path = Path.Combine(directory, "token.key");
        DurableDirectory.Create(directory);
        if (!File.Exists(path))
        {
            if (!isNew)
            {
                throw new ServerStartException(
                    $"The key file {path} is missing: restore it from a backup; no token can be checked without it.");
            }

            SecretFile.Write(path, RandomNumberGenerator.GetBytes(KeyBytes));
        }

        byte[] key = File.ReadAllBytes(path);
        return key.Length == KeyBytes
            ? new TokenVerifier(key)
            : throw new ServerStartException($"The key file {path} is damaged: restore it from a backup.");
    }

    /// <summary>Returns the verifier of a ref without a token: none fits it.</summary>
    public static byte[] None() => RandomNumberGenerator.GetBytes(KeyBytes);

    /// <summary>Returns what a ref keeps of its token: HMAC-SHA256 of the digest.</summary>
    public byte[] Of(string digest) => HMACSHA256.HashData(key, Convert.FromHexString(digest));

    /// <summary>
    /// Returns whether a digest is that of a verifier, in constant time; null, for an unknown ref, takes as long.
    /// </summary>
    public bool Fits(byte[]? verifier, string digest) =>
        CryptographicOperations.FixedTimeEquals(Of(digest), verifier ?? Unknown) && verifier is not null;
}
