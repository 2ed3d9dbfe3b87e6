using System.Diagnostics;

namespace ShareRpc.EndToEndTests.Conformance;

/// <summary>Marks a theory that needs Python with the package websockets (Debian: python3-websockets).</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PythonTheoryAttribute : TheoryAttribute
{
    public PythonTheoryAttribute() =>
        Skip = Python is null ? "There is no Python with the package websockets (python3-websockets)." : null;

    /// <summary>Gets a Python that has the package, or null.</summary>
    public static string? Python { get; } = new[] { "/usr/bin/python3", "python3" }.FirstOrDefault(HasWebSockets);

    private static bool HasWebSockets(string python)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(python, ["-c", "import websockets"])
            {
                RedirectStandardError = true,
            })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
