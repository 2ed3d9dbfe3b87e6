using System.Buffers.Binary;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>Stores a lower-case UUID as 16 bytes in the same order, other ids as text.</summary>
/// <param name="Number">The UUID.</param>
/// <param name="Text">Null for a UUID.</param>
internal readonly record struct StoredOpId(UInt128 Number, string? Text)
{
    public const int Bytes = 16;
    private const int Characters = 36;

    public static StoredOpId Of(string opId)
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        return TryWrite(opId, bytes) ? new(BinaryPrimitives.ReadUInt128BigEndian(bytes), null) : new(0, opId);
    }

    public static void Write(UInt128 number, Span<byte> bytes) =>
        BinaryPrimitives.WriteUInt128BigEndian(bytes, number);

    /// <summary>Returns false for text ids.</summary>
    public static bool TryWrite(string opId, Span<byte> bytes)
    {
        if (opId.Length != Characters) return false;
        int at = 0;
        for (int i = 0; i < Characters; i++)
        {
            char character = opId[i];
            if (i is 8 or 13 or 18 or 23)
            {
                if (character != '-') return false;
                continue;
            }

            // Upper case does not round-trip, and stays text.
            int digit = character is >= '0' and <= '9' ? character - '0'
                : character is >= 'a' and <= 'f' ? character - 'a' + 10 : -1;
            if (digit < 0) return false;
            bytes[at / 2] = (byte)((bytes[at / 2] << 4) | digit);
            at++;
        }

        return true;
    }

    public static string Read(Rows row, int column) =>
        row.IsBlob(column) ? new Guid(row.Blob(column), bigEndian: true).ToString() : row.Text(column);
}

internal static class OpIdBinding
{
    public static PreparedStatement BindOpId(this PreparedStatement statement, int parameter, string opId)
    {
        Span<byte> bytes = stackalloc byte[StoredOpId.Bytes];
        return StoredOpId.TryWrite(opId, bytes)
            ? statement.BindCopy(parameter, bytes) : statement.Bind(parameter, opId);
    }
}
