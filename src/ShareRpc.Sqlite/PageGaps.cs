using Microsoft.Data.Sqlite;

namespace ShareRpc.Sqlite;

/// <summary>
/// Keeps what was deleted out of the database file. <c>secure_delete</c> overwrites rows and pages that are deleted,
/// but when SQLite moves rows to another page it leaves copies in the unused gap of the old one. A connection that
/// copies the log writes each page with an empty gap.
/// </summary>
internal static unsafe class PageGaps
{
    private const int FilePointer = 7; // SQLITE_FCNTL_FILE_POINTER
    private const int Functions = 18;
    private const int Write = 2;

    /// <summary>Above, the first byte of a page that is not of a tree may be one that begins such a page.</summary>
    private const long MostPages = 1L << 25;

    private static readonly Lock Gate = new();
    private static readonly Dictionary<nint, nint> Tables = [];

    /// <summary>From now on, log maintenance of this connection empties gaps.</summary>
    public static void EmptyBy(SqliteConnection connection)
    {
        nint file = 0;
        fixed (byte* main = "main\0"u8)
        {
            int result = NativeSqlite.FileControl(
                connection.Handle!.DangerousGetHandle(), main, FilePointer, &file);
            SqliteException.ThrowExceptionForRC(result, connection.Handle);
        }

        var methods = (nint*)file;
        lock (Gate)
        {
            if (!Tables.TryGetValue(*methods, out nint table)) Tables.Add(*methods, table = CopyOf((nint*)*methods));
            *methods = table;
        }
    }

    /// <summary>
    /// Returns the file's functions (sqlite3_io_methods) with another write; the one that it replaces is behind them.
    /// </summary>
    private static nint CopyOf(nint* methods)
    {
        int version = *(int*)methods;
        int count = version switch { 1 => 12, 2 => 16, _ => Functions };
        var copy = (nint*)System.Runtime.InteropServices.NativeMemory.AllocZeroed(Functions + 2, (nuint)sizeof(nint));
        for (int i = 0; i <= count; i++) copy[i] = methods[i];
        copy[Functions + 1] = methods[1 + Write];
        copy[1 + Write] = (nint)(delegate* unmanaged[Cdecl]<nint*, byte*, int, long, int>)&WritePage;
        return (nint)copy;
    }

    [System.Runtime.InteropServices.UnmanagedCallersOnly(
        CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    private static int WritePage(nint* file, byte* page, int bytes, long offset)
    {
        var write = (delegate* unmanaged[Cdecl]<nint*, byte*, int, long, int>)((nint*)*file)[Functions + 1];
        bool isPage = bytes is >= 512 and <= 65_536 && offset % bytes == 0 && offset / bytes < MostPages;
        (int from, int to) = isPage ? GapOf(page, bytes, offset == 0 ? 100 : 0) : default;
        if (from >= to) return write(file, page, bytes, offset);
        byte* clean = stackalloc byte[bytes];
        new ReadOnlySpan<byte>(page, bytes).CopyTo(new Span<byte>(clean, bytes));
        new Span<byte>(clean + from, to - from).Clear();
        return write(file, clean, bytes, offset);
    }

    /// <summary>Returns what lies between the pointers and the cells of a page of a tree; nothing for others.</summary>
    private static (int From, int To) GapOf(byte* page, int bytes, int header)
    {
        int headerBytes = page[header] switch { 10 or 13 => 8, 2 or 5 => 12, _ => 0 };
        if (headerBytes == 0) return default;
        int cells = (page[header + 3] << 8) | page[header + 4];
        int content = (page[header + 5] << 8) | page[header + 6];
        if (content == 0) content = 65_536;
        int from = header + headerBytes + (2 * cells);
        return content <= bytes ? (from, content) : default;
    }
}
