using System.Buffers;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>
/// A prepared statement that runs once an op or a transaction, or reads many rows: bound and stepped through the C API itself, because
/// the objects of the ADO.NET layer cost more than the row. What is bound stays where it is, pinned, until the statement has run; every
/// parameter is bound before each run. Errors are the same <see cref="SqliteException"/>. Not thread-safe, as its connection is not.
/// </summary>
internal sealed unsafe class PreparedStatement : IDisposable
{
    private const int ScratchBytes = 4 * 1024;

    private readonly sqlite3 database;
    private readonly sqlite3_stmt statement;
    private readonly nint databasePointer;
    private readonly nint pointer;
    private readonly byte[] scratch = GC.AllocateUninitializedArray<byte>(ScratchBytes, pinned: true);
    private readonly List<MemoryHandle> pinned = [];
    private int scratchUsed;

    public PreparedStatement(SqliteConnection connection, string sql)
    {
        database = connection.Handle!;
        Check(raw.sqlite3_prepare_v2(database, sql, out statement));
        (databasePointer, pointer) = (database.DangerousGetHandle(), statement.DangerousGetHandle());
    }

    public PreparedStatement Bind(int parameter, long value)
    {
        Check(NativeSqlite.BindInt64(pointer, parameter, value));
        return this;
    }

    public PreparedStatement Bind(int parameter, long? value)
    {
        if (value is { } number) return Bind(parameter, number);
        Check(NativeSqlite.BindNull(pointer, parameter));
        return this;
    }

    public PreparedStatement Bind(int parameter, string value)
    {
        Span<byte> room = Reserve(Encoding.UTF8.GetMaxByteCount(value.Length));
        int length = Encoding.UTF8.GetBytes(value, room);
        fixed (byte* utf8 = room) Check(NativeSqlite.BindText(pointer, parameter, utf8, length, NativeSqlite.Static));
        return this;
    }

    public PreparedStatement BindBytes(int parameter, ReadOnlyMemory<byte>? value)
    {
        if (value is not { } bytes)
        {
            Check(NativeSqlite.BindNull(pointer, parameter));
            return this;
        }

        MemoryHandle handle = bytes.Pin();
        pinned.Add(handle);

        // A null pointer would be a null; no bytes are still a blob.
        fixed (byte* empty = scratch)
        {
            byte* start = bytes.IsEmpty ? empty : (byte*)handle.Pointer;
            Check(NativeSqlite.BindBlob(pointer, parameter, start, bytes.Length, NativeSqlite.Static));
        }

        return this;
    }

    /// <summary>An op id in the form of <see cref="StoredOpId"/>.</summary>
    public PreparedStatement BindOpId(int parameter, string opId)
    {
        Span<byte> room = Reserve(StoredOpId.Bytes);
        if (!StoredOpId.TryWrite(opId, room)) return Bind(parameter, opId);
        fixed (byte* bytes = room) Check(NativeSqlite.BindBlob(pointer, parameter, bytes, StoredOpId.Bytes, NativeSqlite.Static));
        return this;
    }

    /// <summary>Its rows, one after the other; it runs until they are disposed.</summary>
    public Rows Query() => new(this);

    /// <summary>Runs a statement that returns no rows.</summary>
    public void Run()
    {
        try
        {
            Check(NativeSqlite.Step(pointer));
        }
        finally
        {
            Release();
        }
    }

    /// <summary>Runs it, and says how many rows it inserted, updated or deleted.</summary>
    public int RunAndCount()
    {
        Run();
        return NativeSqlite.Changes(databasePointer);
    }

    public void Dispose() => statement.Dispose();

    /// <summary>Memory that does not move, until the statement has run.</summary>
    private Span<byte> Reserve(int bytes)
    {
        if (scratchUsed + bytes <= scratch.Length)
        {
            Span<byte> room = scratch.AsSpan(scratchUsed, bytes);
            scratchUsed += bytes;
            return room;
        }

        byte[] larger = new byte[bytes];
        pinned.Add(larger.AsMemory().Pin());
        return larger;
    }

    private void Release()
    {
        _ = NativeSqlite.Reset(pointer); // repeats the error of the step, which is told already
        foreach (MemoryHandle handle in pinned) handle.Dispose();
        pinned.Clear();
        scratchUsed = 0;
    }

    private bool Step()
    {
        int result = NativeSqlite.Step(pointer);
        Check(result);
        return result == raw.SQLITE_ROW;
    }

    // DONE and ROW are no errors; this knows.
    private void Check(int result)
    {
        if (result is not (raw.SQLITE_OK or raw.SQLITE_DONE or raw.SQLITE_ROW)) SqliteException.ThrowExceptionForRC(result, database);
    }

    /// <summary>Where a running statement is: at no row before the first <see cref="Read"/>. Columns count from 0.</summary>
    public readonly ref struct Rows(PreparedStatement statement)
    {
        /// <summary>On to the next row; false when there is none.</summary>
        public bool Read() => statement.Step();

        public bool IsNull(int column) => NativeSqlite.ColumnType(statement.pointer, column) == raw.SQLITE_NULL;

        public bool IsBlob(int column) => NativeSqlite.ColumnType(statement.pointer, column) == raw.SQLITE_BLOB;

        /// <summary>0 for a null.</summary>
        public long Number(int column) => NativeSqlite.ColumnInt64(statement.pointer, column);

        /// <summary>Empty for a null.</summary>
        public string Text(int column) => Encoding.UTF8.GetString(Utf8(column));

        /// <summary>As SQLite has it: good until the next <see cref="Read"/>.</summary>
        public ReadOnlySpan<byte> Utf8(int column)
        {
            byte* text = NativeSqlite.ColumnText(statement.pointer, column);
            return new ReadOnlySpan<byte>(text, NativeSqlite.ColumnBytes(statement.pointer, column));
        }

        /// <summary>As SQLite has it: good until the next <see cref="Read"/>.</summary>
        public ReadOnlySpan<byte> Blob(int column)
        {
            byte* blob = NativeSqlite.ColumnBlob(statement.pointer, column);
            return new ReadOnlySpan<byte>(blob, NativeSqlite.ColumnBytes(statement.pointer, column));
        }

        public void Dispose() => statement.Release();
    }
}
