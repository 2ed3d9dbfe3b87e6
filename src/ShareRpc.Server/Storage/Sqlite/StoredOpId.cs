using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>Stores a lower-case UUID as 16 bytes in the same order, other ids as text.</summary>
internal static class StoredOpId
{
    public const int Bytes = 16;
    private const int Characters = 36;

    /// <summary>Returns false for text ids.</summary>
    public static bool TryWrite(string opId, Span<byte> bytes)
    {
        if (opId.Length != Characters || !Guid.TryParseExact(opId, "D", out Guid id)) return false;

        // Ids that do not round-trip stay text.
        Span<char> text = stackalloc char[Characters];
        return id.TryFormat(text, out _) && text.SequenceEqual(opId) && id.TryWriteBytes(bytes, bigEndian: true, out _);
    }

    public static SqlValue Of(string opId)
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        return TryWrite(opId, bytes) ? bytes.ToArray() : opId;
    }

    public static PreparedStatement BindOpId(this PreparedStatement statement, int parameter, string opId)
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        return TryWrite(opId, bytes) ? statement.BindCopy(parameter, bytes) : statement.Bind(parameter, opId);
    }

    public static string Read(Rows row, int column) =>
        row.IsBlob(column) ? new Guid(row.Blob(column), bigEndian: true).ToString() : row.Text(column);
}
