using System.Text;
using SQLitePCL;

namespace ShareRpc.Sqlite;

/// <summary>Call <see cref="Read"/> before the first row. Columns count from 0. Disposal ends the run.</summary>
internal readonly unsafe struct Rows(PreparedStatement statement) : IDisposable
{
    public bool Read() => statement.Step();

    public bool IsNull(int column) => NativeSqlite.ColumnType(statement.Pointer, column) == raw.SQLITE_NULL;

    public bool IsBlob(int column) => NativeSqlite.ColumnType(statement.Pointer, column) == raw.SQLITE_BLOB;

    /// <summary>Returns 0 for null.</summary>
    public long Number(int column) => NativeSqlite.ColumnInt64(statement.Pointer, column);

    public long? NumberOrNull(int column) => IsNull(column) ? null : Number(column);

    /// <summary>Returns "" for null.</summary>
    public string Text(int column) => Encoding.UTF8.GetString(Utf8(column));

    public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

    /// <summary>Valid until the next <see cref="Read"/>.</summary>
    public ReadOnlySpan<byte> Utf8(int column)
    {
        byte* text = NativeSqlite.ColumnText(statement.Pointer, column);
        return new ReadOnlySpan<byte>(text, NativeSqlite.ColumnBytes(statement.Pointer, column));
    }

    /// <summary>Valid until the next <see cref="Read"/>.</summary>
    public ReadOnlySpan<byte> Blob(int column)
    {
        byte* blob = NativeSqlite.ColumnBlob(statement.Pointer, column);
        return new ReadOnlySpan<byte>(blob, NativeSqlite.ColumnBytes(statement.Pointer, column));
    }

    public void Dispose() => statement.Reset();
}
