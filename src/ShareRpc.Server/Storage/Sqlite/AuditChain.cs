using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>Digests a segment of the audit trail: the digest before it, and its entries, column by column.</summary>
internal sealed class AuditChain : IDisposable
{
    public const string Entries = """
        SELECT position, time_ms, action, actor_key, share_key, subject_key, address, code, count, bytes FROM audit
        WHERE position > ?1 AND position <= ?2 ORDER BY position LIMIT ?3
        """;

    private const int Columns = 10;
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <param name="before">Empty for the first segment.</param>
    public AuditChain(ReadOnlySpan<byte> before) => hash.AppendData(before);

    public long First { get; private set; }

    public long Last { get; private set; }

    public long NewestMs { get; private set; }

    public void Add(Rows entry)
    {
        Last = entry.Number(0);
        if (First == 0) First = Last;
        NewestMs = Math.Max(NewestMs, entry.Number(1));
        for (int i = 0; i < Columns; i++)
        {
            string? text = entry.TextOrNull(i);
            int length = text is null ? -1 : Encoding.UTF8.GetByteCount(text);
            hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{length}:{text}")));
        }
    }

    public AuditSeal Seal() => new(First, Last, NewestMs, hash.GetCurrentHash());

    public void Dispose() => hash.Dispose();
}
