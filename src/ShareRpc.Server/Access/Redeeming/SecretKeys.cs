using System.Security.Cryptography;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access.Redeeming;

/// <summary>The server's own keys, in <c>DIR/keys</c>, mode 0600. Without them no token of this data directory can be checked.</summary>
internal sealed class SecretKeys
{
    private const int KeyBytes = 32;
    private readonly byte[] tagKey;

    private SecretKeys(byte[] tagKey)
    {
        this.tagKey = tagKey;
    }

    /// <summary>Reads the keys, or makes them in a new data directory.</summary>
    public static SecretKeys Open(string dataDirectory, bool isNew)
    {
        string directory = Path.Combine(dataDirectory, "keys");
        string path = Path.Combine(directory, "tag.key");
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
            ? new SecretKeys(key)
            : throw new ServerStartException($"The key file {path} is damaged: restore it from a backup.");
    }

    /// <summary>8 bytes of HMAC-SHA256 over a token digest: right tokens are told from wrong ones before Argon2 is asked.</summary>
    public byte[] TagOf(string tokenDigest) => HMACSHA256.HashData(tagKey, Convert.FromHexString(tokenDigest))[..8];
}
