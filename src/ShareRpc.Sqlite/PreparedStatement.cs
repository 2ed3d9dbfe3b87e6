using System.Buffers;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace ShareRpc.Sqlite;

/// <summary>
/// Uses the C API, because ADO.NET objects cost more than a row. Bound memory is pinned until the run ends; bind all
/// parameters before each run. Not thread-safe.
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

    public PreparedStatement BindCopy(int parameter, ReadOnlySpan<byte> value)
    {
        // One byte more: a null pointer would bind NULL.
        Span<byte> room = Reserve(value.Length + 1);
        value.CopyTo(room);
        fixed (byte* bytes = room) Check(
            NativeSqlite.BindBlob(Pointer, parameter, bytes, value.Length, NativeSqlite.Static));
        return this;
    }

    /// <summary>Runs until the rows are disposed.</summary>
    public Rows Query() => new(this);

    /// <summary>Returns the number of changed rows.</summary>
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

    /// <summary>Returns the first column of the first row; 0 for none or null.</summary>
    public long RunForNumber()
    {
        using Rows row = Query();
        return row.Read() ? row.Number(0) : 0;
    }

    public bool Step()
    {
        int result = NativeSqlite.Step(Pointer);
        Check(result);
        return result == raw.SQLITE_ROW;
    }

    public void Reset()
    {
        _ = NativeSqlite.Reset(Pointer); // repeats the error of the step, which was reported
        foreach (MemoryHandle handle in pinned) handle.Dispose();
        pinned.Clear();
        scratchUsed = 0;
    }

    public void Dispose() => statement.Dispose();

    /// <summary>Returns memory pinned until the statement has run.</summary>
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
