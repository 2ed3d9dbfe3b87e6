using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ShareRpc.Server.Storage;

/// <summary>Digests a segment of the audit trail: the digest before it, and its entries, column by column.</summary>
internal sealed class AuditChain : IDisposable
{
    /// <summary>Position, time, action, actor, share, subject, address, code, count, bytes.</summary>
    public const int Columns = 10;

    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <param name="before">Empty for the first segment.</param>
    public AuditChain(ReadOnlySpan<byte> before) => hash.AppendData(before);

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

    public AuditSeal Seal() => new(First, Last, NewestMs, hash.GetCurrentHash());

    public void Dispose() => hash.Dispose();
}
