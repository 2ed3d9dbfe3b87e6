using System.Security.Cryptography;

namespace ShareRpc.Server.Storage;

/// <summary>
/// Signs seals of the audit trail with the server's key, so that whoever can only write the database cannot seal
/// changed entries anew. The first key signs; each of them verifies. Any thread.
/// </summary>
internal sealed class AuditKeys(IEnumerable<byte[]> serverKeys)
{
    private const int MacBytes = 32;
    private static readonly byte[] Purpose = [.. "sharerpc audit trail"u8];
    private static readonly byte[] Removal = [.. "removed up to "u8];

    private readonly byte[][] keys = [.. serverKeys.Select(key => HMACSHA256.HashData(key, Purpose))];

    /// <summary>Returns a seal whose digest is signed.</summary>
    public AuditSeal Sign(AuditSeal seal) => seal with { Digest = Signed([], seal.Digest) };

    /// <summary>Returns the anchor that a segment leaves when retention removes it.</summary>
    public AuditSeal SignRemoval(AuditSeal seal) => seal with { Digest = Signed(Removal, seal.Digest) };

    public bool IsSigned(ReadOnlySpan<byte> digest) => IsSigned([], digest);

    public bool IsSignedRemoval(ReadOnlySpan<byte> digest) => IsSigned(Removal, digest);

    private byte[] Signed(byte[] purpose, byte[] digest) =>
        [.. digest, .. Mac(keys[0], purpose, digest)];

    private bool IsSigned(byte[] purpose, ReadOnlySpan<byte> signed)
    {
        if (signed.Length <= MacBytes) return false;
        bool isSigned = false;
        foreach (byte[] key in keys)
            isSigned |= CryptographicOperations.FixedTimeEquals(
                Mac(key, purpose, signed[..^MacBytes]), signed[^MacBytes..]);
        return isSigned;
    }

    private static byte[] Mac(byte[] key, byte[] purpose, ReadOnlySpan<byte> digest) =>
        HMACSHA256.HashData(key, (byte[])[.. purpose, .. digest]);
}
