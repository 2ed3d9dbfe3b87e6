using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ShareRpc.Server.Storage;

/// <summary>Digests a segment of the audit trail: the digest before it, and its entries, column by column.</summary>
internal sealed class AuditChain : IDisposable
{
    /// <summary>Position, time, action, actor, share, subject, address, code, count, bytes.</summary>
    public const int Columns = 10;

    /// <summary>A digest, and the signature of it.</summary>
    public const int SealBytes = 64;

    private const int DigestBytes = 32;
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <param name="before">Of the segment before, or the anchor that it left; empty for the first one.</param>
    public AuditChain(ReadOnlySpan<byte> before) => hash.AppendData(before[..Math.Min(SealBytes, before.Length)]);

    public long First { get; private set; }

    public long Last { get; private set; }

    public long NewestMs { get; private set; }

    /// <summary>Adds an entry by its columns as text, in their order.</summary>
    public void Add(ReadOnlySpan<string?> columns)
    {
        Last = long.Parse(columns[0]!, CultureInfo.InvariantCulture);
        if (First == 0) First = Last;
        NewestMs = Math.Max(NewestMs, long.Parse(columns[1]!, CultureInfo.InvariantCulture));
        foreach (string? text in columns)
        {
            int length = text is null ? -1 : Encoding.UTF8.GetByteCount(text);
            hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{length}:{text}")));
        }
    }

    /// <summary>Returns the segment with its digest, which is not signed yet.</summary>
    public AuditSeal Seal() => new(First, Last, NewestMs, hash.GetCurrentHash());

    /// <summary>Returns whether a seal is that of what was added.</summary>
    public bool Fits(AuditSeal seal)
    {
        AuditSeal mine = Seal();
        return mine.First == seal.First && mine.Last == seal.Last && seal.Digest.Length >= DigestBytes
            && mine.Digest.AsSpan().SequenceEqual(seal.Digest.AsSpan(0, DigestBytes));
    }

    public void Dispose() => hash.Dispose();
}
