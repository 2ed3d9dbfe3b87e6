using System.Text;
using SQLitePCL;

namespace ShareRpc.Sqlite;

/// <summary>
/// The rows of a running statement: at none before the first <see cref="Read"/>. Columns count from 0. The statement
/// runs until this is
/// disposed.
/// </summary>
internal readonly unsafe struct Rows(PreparedStatement statement) : IDisposable
{
    /// <summary>Goes on to the next row; false when there is none.</summary>
    public bool Read() => statement.Step();

    public bool IsNull(int column) => NativeSqlite.ColumnType(statement.Pointer, column) == raw.SQLITE_NULL;

    public bool IsBlob(int column) => NativeSqlite.ColumnType(statement.Pointer, column) == raw.SQLITE_BLOB;

    /// <summary>Returns 0 for a null.</summary>
    public long Number(int column) => NativeSqlite.ColumnInt64(statement.Pointer, column);

    public long? NumberOrNull(int column) => IsNull(column) ? null : Number(column);

    /// <summary>Returns "" for a null.</summary>
    public string Text(int column) => Encoding.UTF8.GetString(Utf8(column));

    public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

    /// <summary>Returns a text as SQLite has it; valid until the next <see cref="Read"/>.</summary>
    public ReadOnlySpan<byte> Utf8(int column)
    {
        byte* text = NativeSqlite.ColumnText(statement.Pointer, column);
        return new ReadOnlySpan<byte>(text, NativeSqlite.ColumnBytes(statement.Pointer, column));
    }

    /// <summary>Returns a blob as SQLite has it; valid until the next <see cref="Read"/>.</summary>
    public ReadOnlySpan<byte> Blob(int column)
    {
        byte* blob = NativeSqlite.ColumnBlob(statement.Pointer, column);
        return new ReadOnlySpan<byte>(blob, NativeSqlite.ColumnBytes(statement.Pointer, column));
    }

    public void Dispose() => statement.Reset();
}
