using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ShareRpc.Sqlite;

/// <summary>A synced file is lost if its directory entry was not synced.</summary>
internal static partial class DurableDirectory
{
    private const int ReadOnlyCloseOnExec = 0x80000;

    /// <summary>Creates parents too, mode 0700; durable on return.</summary>
    public static void Create(string path)
    {
        string full = Path.GetFullPath(path);
        var above = new Stack<string>();
        for (string? next = full; next is not null && !Directory.Exists(next); next = Path.GetDirectoryName(next))
            above.Push(next);
        while (above.TryPop(out string? next))
        {
            Directory.CreateDirectory(next, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            Sync(Path.GetDirectoryName(next)!);
        }
    }

    public static void Sync(string path)
    {
        using var directory = new SafeFileHandle(Open(path, ReadOnlyCloseOnExec), ownsHandle: true);
        if (directory.IsInvalid)
            throw new IOException($"The directory {path} cannot be opened (error {Marshal.GetLastPInvokeError()}).");
        RandomAccess.FlushToDisk(directory);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);
}
