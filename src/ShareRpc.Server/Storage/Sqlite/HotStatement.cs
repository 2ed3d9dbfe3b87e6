using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>
/// A prepared statement that runs once an op or a transaction: bound and stepped through the C API itself, because the objects of the
/// ADO.NET layer cost more than the insert. Errors are the same <see cref="SqliteException"/>. Not thread-safe, as its connection is not.
/// </summary>
internal sealed class HotStatement : IDisposable
{
    private const int StackBytes = 512;
    private readonly sqlite3 database;
    private readonly sqlite3_stmt statement;

    public HotStatement(SqliteConnection connection, string sql)
    {
        database = connection.Handle!;
        Check(raw.sqlite3_prepare_v2(database, sql, out statement));
    }

    public HotStatement Bind(int parameter, long value)
    {
        Check(raw.sqlite3_bind_int64(statement, parameter, value));
        return this;
    }

    public HotStatement Bind(int parameter, long? value)
    {
        if (value is { } number) return Bind(parameter, number);
        Check(raw.sqlite3_bind_null(statement, parameter));
        return this;
    }

    public HotStatement Bind(int parameter, string value)
    {
        int length = Encoding.UTF8.GetMaxByteCount(value.Length);
        Span<byte> utf8 = length <= StackBytes ? stackalloc byte[StackBytes] : new byte[length];
        Check(raw.sqlite3_bind_text(statement, parameter, utf8[..Encoding.UTF8.GetBytes(value, utf8)]));
        return this;
    }

    public HotStatement BindBytes(int parameter, ReadOnlyMemory<byte>? value)
    {
        Check(value is { } bytes ? raw.sqlite3_bind_blob(statement, parameter, bytes.Span) : raw.sqlite3_bind_null(statement, parameter));
        return this;
    }

    /// <summary>An op id in the form of <see cref="StoredOpId"/>.</summary>
    public HotStatement BindOpId(int parameter, string opId)
    {
        Span<byte> bytes = stackalloc byte[StoredOpId.Bytes];
        if (!StoredOpId.TryWrite(opId, bytes)) return Bind(parameter, opId);
        Check(raw.sqlite3_bind_blob(statement, parameter, bytes));
        return this;
    }

    /// <summary>The first columns of the one row there must be.</summary>
    public void ReadNumbers(Span<long> columns)
    {
        try
        {
            int result = raw.sqlite3_step(statement);
            Check(result);
            if (result != raw.SQLITE_ROW) throw new InvalidOperationException("There is no such row.");
            for (int i = 0; i < columns.Length; i++) columns[i] = raw.sqlite3_column_int64(statement, i);
        }
        finally
        {
            raw.sqlite3_reset(statement);
        }
    }

    /// <summary>Runs a statement that returns no rows.</summary>
    public void Run()
    {
        try
        {
            Check(raw.sqlite3_step(statement));
        }
        finally
        {
            raw.sqlite3_reset(statement);
        }
    }

    /// <summary>Runs it, and says how many rows it inserted, updated or deleted.</summary>
    public int RunAndCount()
    {
        Run();
        return raw.sqlite3_changes(database);
    }

    public void Dispose() => statement.Dispose();

    // DONE and ROW are no errors; this knows.
    private void Check(int result) => SqliteException.ThrowExceptionForRC(result, database);
}
