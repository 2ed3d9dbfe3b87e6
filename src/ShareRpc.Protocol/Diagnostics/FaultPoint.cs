using System.Diagnostics;
using System.Globalization;

namespace ShareRpc.Protocol.Diagnostics;

/// <summary>Kills the process in tests: SHARERPC_FAULT={name}:{n}. See CONTRIBUTING.md.</summary>
internal static class FaultPoint
{
    private static readonly string? Name;
    private static int remaining;

    static FaultPoint()
    {
        string[]? fault = Environment.GetEnvironmentVariable("SHARERPC_FAULT")?.Split(':');
        if (fault is not { Length: 2 } || !int.TryParse(fault[1], CultureInfo.InvariantCulture, out remaining)) return;
        Name = fault[0];
    }

    public static void Pass(string name)
    {
        if (Name is null || Name != name || Interlocked.Decrement(ref remaining) != 0) return;
        using Process self = Process.GetCurrentProcess();
        self.Kill(); // SIGKILL: no handler, no flush, no finally
        Thread.CurrentThread.Join();
    }
}
