using System.Runtime.InteropServices;

namespace ShareRpc.Sqlite;

/// <summary>The C library's heap, which holds what SQLite reads and writes: a large value is one block.</summary>
internal static partial class NativeHeap
{
    /// <summary>M_MMAP_THRESHOLD of mallopt(3).</summary>
    private const int MapThreshold = -3;

    private const int LargeBytes = 256 * 1024;

    /// <summary>
    /// Has large blocks go back to the system when they are freed. By default glibc keeps those of up to 32 MiB, in
    /// one heap for each of several threads. Other C libraries are left as they are.
    /// </summary>
    public static void ReturnLargeBlocks()
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            _ = MallOpt(MapThreshold, LargeBytes);
        }
        catch (Exception missing) when (missing is EntryPointNotFoundException or DllNotFoundException)
        {
        }
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int MallOpt(int parameter, int value);
}
