using System.Security.Cryptography;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Access.Redeeming;

/// <summary>
/// Checks tokens by HMAC; with 256 random bits a slow hash adds nothing. The key is in <c>DIR/keys</c> (mode 0600), or
/// in a key file that all nodes have: then a verifier ends with the id of its key. Any thread.
/// </summary>
internal sealed class TokenVerifier
{
    public const int KeyBytes = 32;
    public const int KeyIdBytes = 4;
    private const int MacBytes = 32;
    private static readonly byte[] Unknown = new byte[MacBytes];
    private readonly bool isNamed;

    private TokenVerifier(IReadOnlyList<ServerKey> keys, bool isNamed) => (Keys, this.isNamed) = (keys, isNamed);

    /// <summary>Gets the keys; the first one makes verifiers.</summary>
    public IReadOnlyList<ServerKey> Keys { get; }

    /// <summary>Reads the keys that all nodes have.</summary>
    public static TokenVerifier OpenFile(string path) => new(KeyFile.Read(path), isNamed: true);

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
            ? new TokenVerifier([new ServerKey("token", key)], isNamed: false)
            : throw new ServerStartException($"The key file {path} is damaged: restore it from a backup.");
    }

    /// <summary>Returns a verifier that no token matches.</summary>
    public static byte[] None() => RandomNumberGenerator.GetBytes(KeyBytes);

    public byte[] Of(string digest) => isNamed ? [.. Mac(Keys[0], digest), .. Keys[0].Id] : Mac(Keys[0], digest);

    /// <summary>
    /// Compares in constant time, also for null (unknown ref). A verifier without the id of a key, from a data
    /// directory, may be of any.
    /// </summary>
    public bool Fits(byte[]? verifier, string digest)
    {
        ReadOnlySpan<byte> stored = verifier ?? Unknown;
        ReadOnlySpan<byte> id = stored.Length > MacBytes ? stored[MacBytes..] : [];
        bool fits = false;
        foreach (ServerKey key in Keys)
        {
            bool isSame = CryptographicOperations.FixedTimeEquals(
                Mac(key, digest), stored[..Math.Min(MacBytes, stored.Length)]);
            fits |= isSame & (id.IsEmpty || id.SequenceEqual(key.Id));
        }

        return fits && verifier is not null;
    }

    private static byte[] Mac(ServerKey key, string digest) =>
        HMACSHA256.HashData(key.Bytes, Convert.FromHexString(digest));
}
