using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>
/// How an op id lies in a row: a UUID in its usual form (36 characters, lower case) as its 16 bytes, which sort as the text does; any other
/// id as it is. One to one.
/// </summary>
internal static class StoredOpId
{
    public const int Bytes = 16;
    private const int Characters = 36;

    /// <summary>False for an id that is stored as text.</summary>
    public static bool TryWrite(string opId, Span<byte> bytes)
    {
        if (opId.Length != Characters || !Guid.TryParseExact(opId, "D", out Guid id)) return false;

        // Parsing is lenient (upper case, signs); what would not come back as it was stays text.
        Span<char> text = stackalloc char[Characters];
        return id.TryFormat(text, out _) && text.SequenceEqual(opId) && id.TryWriteBytes(bytes, bigEndian: true, out _);
    }

    public static SqlValue Of(string opId)
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        return TryWrite(opId, bytes) ? bytes.ToArray() : opId;
    }

    /// <summary>Binds an op id in its stored form.</summary>
    public static PreparedStatement BindOpId(this PreparedStatement statement, int parameter, string opId)
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        return TryWrite(opId, bytes) ? statement.BindCopy(parameter, bytes) : statement.Bind(parameter, opId);
    }

    public static string Read(Rows row, int column) =>
        row.IsBlob(column) ? new Guid(row.Blob(column), bigEndian: true).ToString() : row.Text(column);
}
