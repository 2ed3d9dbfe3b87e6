using System.Runtime.InteropServices;

namespace ShareRpc.Cli.Terminal;

/// <summary>The pipe behind standard output.</summary>
internal static partial class OutputPipe
{
    private const short Error = 8; // POLLERR
    private const short HangUp = 16; // POLLHUP

    /// <summary>Returns whether nobody reads any more what is written; false where that cannot be found out.</summary>
    public static bool IsClosed()
    {
        if (OperatingSystem.IsWindows()) return false;
        var output = new PollEntry { Descriptor = 1 };
        return Poll(ref output, 1, 0) > 0 && (output.Returned & (Error | HangUp)) != 0;
    }

    [LibraryImport("libc", EntryPoint = "poll")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Poll(ref PollEntry entries, nuint count, int timeoutMs);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int Descriptor;
        public short Requested;
        public short Returned;
    }
}
