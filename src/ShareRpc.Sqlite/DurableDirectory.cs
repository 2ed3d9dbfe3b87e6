using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ShareRpc.Sqlite;

/// <summary>
/// Directories whose entries survive a power loss: a file that was synced is still gone when the directory that names it was not.
/// </summary>
internal static partial class DurableDirectory
{
    private const int ReadOnlyCloseOnExec = 0x80000;

    /// <summary>Makes a directory, mode 0700, and those above it that are not there; on disk when it returns.</summary>
    public static void Create(string path)
    {
        string full = Path.GetFullPath(path);
        var above = new Stack<string>();
        for (string? next = full; next is not null && !Directory.Exists(next); next = Path.GetDirectoryName(next)) above.Push(next);
        while (above.TryPop(out string? next))
        {
            Directory.CreateDirectory(next, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            Sync(Path.GetDirectoryName(next)!);
        }
    }

    /// <summary>The names in a directory are on disk when it returns.</summary>
    public static void Sync(string path)
    {
        using var directory = new SafeFileHandle(Open(path, ReadOnlyCloseOnExec), ownsHandle: true);
        if (directory.IsInvalid) throw new IOException($"The directory {path} cannot be opened (error {Marshal.GetLastPInvokeError()}).");
        RandomAccess.FlushToDisk(directory);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);
}
