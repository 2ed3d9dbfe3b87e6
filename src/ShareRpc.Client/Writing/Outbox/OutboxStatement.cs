using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace ShareRpc.Client.Writing.Outbox;

/// <summary>
/// A prepared statement that runs once an op or a transaction: bound and stepped through the C API itself, because the objects of the
/// ADO.NET layer cost more than the insert. Parameters are <c>?1</c> and so on, by number. Errors are the same
/// <see cref="SqliteException"/>. Callers hold the database's gate.
/// </summary>
internal sealed class OutboxStatement : IDisposable
{
    private const int StackBytes = 512;
    private readonly sqlite3 database;
    private readonly sqlite3_stmt statement;

    public OutboxStatement(SqliteConnection connection, string sql)
    {
        database = connection.Handle!;
        Check(raw.sqlite3_prepare_v2(database, sql, out statement));
    }

    public OutboxStatement Bind(int parameter, long value)
    {
        Check(raw.sqlite3_bind_int64(statement, parameter, value));
        return this;
    }

    public OutboxStatement Bind(int parameter, string? value)
    {
        if (value is null)
        {
            Check(raw.sqlite3_bind_null(statement, parameter));
            return this;
        }

        if (value.Length == 0)
        {
            Check(raw.sqlite3_bind_text(statement, parameter, "")); // an empty span would be taken for null
            return this;
        }

        int length = Encoding.UTF8.GetMaxByteCount(value.Length);
        Span<byte> utf8 = length <= StackBytes ? stackalloc byte[StackBytes] : new byte[length];
        Check(raw.sqlite3_bind_text(statement, parameter, utf8[..Encoding.UTF8.GetBytes(value, utf8)]));
        return this;
    }

    public OutboxStatement BindBytes(int parameter, ReadOnlyMemory<byte>? value)
    {
        Check(value is { } bytes ? raw.sqlite3_bind_blob(statement, parameter, bytes.Span) : raw.sqlite3_bind_null(statement, parameter));
        return this;
    }

    /// <summary>Runs a statement to its end; how many rows it inserted, updated or deleted.</summary>
    public int Run()
    {
        try
        {
            Check(raw.sqlite3_step(statement));
            return raw.sqlite3_changes(database);
        }
        finally
        {
            raw.sqlite3_reset(statement);
        }
    }

    /// <summary>The first column of the first row as a number; 0 when there is no row, or it is null.</summary>
    public long RunForNumber()
    {
        try
        {
            return Step() ? Number(0) : 0;
        }
        finally
        {
            Reset();
        }
    }

    /// <summary>Goes to the next row: false behind the last. The caller resets.</summary>
    public bool Step()
    {
        int result = raw.sqlite3_step(statement);
        Check(result);
        return result == raw.SQLITE_ROW;
    }

    /// <summary>Lets go of the rows. Its result repeats that of the last step, which was checked.</summary>
    public void Reset() => raw.sqlite3_reset(statement);

    public bool IsNull(int column) => raw.sqlite3_column_type(statement, column) == raw.SQLITE_NULL;

    public long Number(int column) => raw.sqlite3_column_int64(statement, column);

    public string Text(int column) => Encoding.UTF8.GetString(Bytes(column));

    public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

    /// <summary>A blob, or the UTF-8 of a text; valid until the next step.</summary>
    public ReadOnlySpan<byte> Bytes(int column) => raw.sqlite3_column_blob(statement, column);

    public void Dispose() => statement.Dispose();

    // DONE and ROW are no errors; this knows.
    private void Check(int result) => SqliteException.ThrowExceptionForRC(result, database);
}
