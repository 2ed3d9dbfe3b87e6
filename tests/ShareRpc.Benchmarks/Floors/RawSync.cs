using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ShareRpc.Benchmarks.Floors;

/// <summary>
/// How often a second this disk can make 4 KiB durable: nothing that answers after fsync can be faster, but by
/// grouping.
/// </summary>
internal sealed partial class RawSync : IDisposable
{
    private const int PageBytes = 4_096;
    private const int Pages = 1_024;
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("sharerpc-sync-");
    private readonly FileStream file;
    private readonly byte[] page = new byte[PageBytes];
    private long next;

    public RawSync()
    {
        file = new FileStream(Path.Combine(directory.FullName, "sync"), FileMode.Create, FileAccess.ReadWrite,
            FileShare.None, 1);
        file.Write(new byte[PageBytes * Pages]);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Writes in place, as a log does once it has its size.</summary>
    public double Measure(TimeSpan time)
    {
        long begun = Stopwatch.GetTimestamp();
        int flushes = 0;
        while (Stopwatch.GetElapsedTime(begun) < time)
        {
            page[0]++;
            RandomAccess.Write(file.SafeFileHandle, page, next++ % Pages * PageBytes);
            if (fdatasync((int)file.SafeFileHandle.DangerousGetHandle()) != 0)
                throw new IOException("fdatasync failed");
            flushes++;
        }

        return flushes / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    public void Dispose()
    {
        file.Dispose();
        directory.Delete(recursive: true);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fdatasync(int descriptor);
}
