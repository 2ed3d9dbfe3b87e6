using System.Security.Cryptography;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Access.Redeeming;

/// <summary>
/// Checks tokens by HMAC; with 256 random bits a slow hash adds nothing. Needs the key, <c>DIR/keys</c> (mode 0600).
/// Any thread.
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

    /// <summary>Reads the key, or creates it in a new data directory.</summary>
    public static TokenVerifier Open(string dataDirectory, bool isNew)
    {
        string directory = Path.Combine(dataDirectory, "keys");
        string path = Path.Combine(directory, "token.key");
        DurableDirectory.Create(directory);
        if (!Path.Exists(path))
        {
            if (!isNew)
            {
                throw new ServerStartException(
                    $"The key file {path} is missing: restore it from a backup; no token can be checked without it.");
            }

            SecretFile.Write(path, RandomNumberGenerator.GetBytes(KeyBytes));
        }

        if (Directory.Exists(path))
            throw new ServerStartException($"{path} is a directory, where the key file should be: restore the file.");
        byte[] key = File.ReadAllBytes(path);
        return key.Length == KeyBytes
            ? new TokenVerifier(key)
            : throw new ServerStartException($"The key file {path} is damaged: restore it from a backup.");
    }

    /// <summary>Returns a verifier that no token matches.</summary>
    public static byte[] None() => RandomNumberGenerator.GetBytes(KeyBytes);

    public byte[] Of(string digest) => HMACSHA256.HashData(key, Convert.FromHexString(digest));

    /// <summary>Compares in constant time, also for null (unknown ref).</summary>
    public bool Fits(byte[]? verifier, string digest) =>
        CryptographicOperations.FixedTimeEquals(Of(digest), verifier ?? Unknown) && verifier is not null;
}
