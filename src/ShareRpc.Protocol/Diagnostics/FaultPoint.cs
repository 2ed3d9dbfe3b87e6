using System.Diagnostics;
using System.Globalization;

namespace ShareRpc.Protocol.Diagnostics;

/// <summary>
/// Named places where a test may kill this process as kill -9 would: <c>SHARERPC_FAULT={name}:{n}</c> dies at the n-th
/// passage. Without the variable a passage costs one null check. The names are listed in CONTRIBUTING.md.
/// </summary>
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
