using System.Buffers;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace ShareRpc.Sqlite;

/// <summary>
/// A prepared statement, bound and stepped through the C API itself, because the objects of the ADO.NET layer cost more
/// than a row. What
/// is bound stays where it is, pinned, until the statement has run; every parameter is bound before each run. Not
/// thread-safe, as its
/// connection is not.
/// </summary>
internal sealed unsafe class PreparedStatement : IDisposable
{
    private const int ScratchBytes = 1024;

    private readonly Func<SqliteException, Exception>? translate;
    private readonly sqlite3 database;
    private readonly sqlite3_stmt statement;
    private readonly nint databasePointer;
    private readonly List<MemoryHandle> pinned = [];
    private byte[]? scratch;
    private int scratchUsed;

    /// <param name="translate">Returns the exception to throw for a failure of SQLite; none: as it is.</param>
    public PreparedStatement(SqliteConnection connection, string sql, Func<SqliteException,
        Exception>? translate = null)
    {
        this.translate = translate;
        database = connection.Handle!;
        Check(raw.sqlite3_prepare_v2(database, sql, out statement));
        (databasePointer, Pointer) = (database.DangerousGetHandle(), statement.DangerousGetHandle());
    }

    /// <summary>The native statement, for <see cref="Rows"/>.</summary>
    public nint Pointer { get; }

    private byte[] Scratch => scratch ??= GC.AllocateUninitializedArray<byte>(ScratchBytes, pinned: true);

    public PreparedStatement Bind(int parameter, long? value)
    {
        Check(value is { } number
            ? NativeSqlite.BindInt64(Pointer, parameter, number)
            : NativeSqlite.BindNull(Pointer, parameter));
        return this;
    }

    public PreparedStatement Bind(int parameter, string? value)
    {
        if (value is null) return Bind(parameter, (long?)null);
        Span<byte> room = Reserve(Encoding.UTF8.GetMaxByteCount(value.Length));
        int length = Encoding.UTF8.GetBytes(value, room);
        fixed (byte* utf8 = room) Check(NativeSqlite.BindText(Pointer, parameter, utf8, length, NativeSqlite.Static));
        return this;
    }

    public PreparedStatement BindBytes(int parameter, ReadOnlyMemory<byte>? value)
    {
        if (value is not { } bytes) return Bind(parameter, (long?)null);
        if (bytes.IsEmpty) return BindCopy(parameter, []);
        MemoryHandle handle = bytes.Pin();
        pinned.Add(handle);
        Check(NativeSqlite.BindBlob(Pointer, parameter, (byte*)handle.Pointer, bytes.Length, NativeSqlite.Static));
        return this;
    }

    /// <summary>Binds a copy of a few bytes.</summary>
    public PreparedStatement BindCopy(int parameter, ReadOnlySpan<byte> value)
    {
        // One byte more: of no bytes the pointer would be null, which is not an empty blob.
        Span<byte> room = Reserve(value.Length + 1);
        value.CopyTo(room);
        fixed (byte* bytes = room) Check(
            NativeSqlite.BindBlob(Pointer, parameter, bytes, value.Length, NativeSqlite.Static));
        return this;
    }

    /// <summary>Runs it and returns its rows, one after the other; it runs until they are disposed.</summary>
    public Rows Query() => new(this);

    /// <summary>
    /// Runs a statement that returns no rows; the number of rows that it inserted, updated or deleted.
    /// </summary>
    public int Run()
    {
        try
        {
            Check(NativeSqlite.Step(Pointer));
            return NativeSqlite.Changes(databasePointer);
        }
        finally
        {
            Reset();
        }
    }

    /// <summary>Returns the first column of the first row; 0 when there is none, or it is null.</summary>
    public long RunForNumber()
    {
        using Rows row = Query();
        return row.Read() ? row.Number(0) : 0;
    }

    /// <summary>Goes on to the next row; false when there is none.</summary>
    public bool Step()
    {
        int result = NativeSqlite.Step(Pointer);
        Check(result);
        return result == raw.SQLITE_ROW;
    }

    /// <summary>Ends the run.</summary>
    public void Reset()
    {
        _ = NativeSqlite.Reset(Pointer); // repeats the error of the step, which was reported
        foreach (MemoryHandle handle in pinned) handle.Dispose();
        pinned.Clear();
        scratchUsed = 0;
    }

    public void Dispose() => statement.Dispose();

    /// <summary>Returns memory that does not move until the statement has run.</summary>
    private Span<byte> Reserve(int bytes)
    {
        if (scratchUsed + bytes <= ScratchBytes)
        {
            Span<byte> room = Scratch.AsSpan(scratchUsed, bytes);
            scratchUsed += bytes;
            return room;
        }

        byte[] larger = new byte[bytes];
        pinned.Add(larger.AsMemory().Pin());
        return larger;
    }

    private void Check(int result)
    {
        if (result is not (raw.SQLITE_OK or raw.SQLITE_DONE or raw.SQLITE_ROW)) Throw(result);
    }

    private void Throw(int result)
    {
        try
        {
            SqliteException.ThrowExceptionForRC(result, database);
        }
        catch (SqliteException exception) when (translate is not null)
        {
            throw translate(exception);
        }
    }
}
