using System.ComponentModel;
using System.Diagnostics;

namespace ShareRpc.Sources.Opencode.Pulling;

/// <summary>Finds and runs the local opencode program.</summary>
public static class OpencodeProgram
{
    private const string Name = "opencode";

    /// <summary>Returns the full path of the named program, else of that on PATH; null if not found.</summary>
    public static string? Find(string? named)
    {
        if (named is not null) return File.Exists(named) ? Path.GetFullPath(named) : null;
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(
            Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        string[] names = OperatingSystem.IsWindows() ? [$"{Name}.exe", $"{Name}.cmd"] : [Name];
        return folders.SelectMany(folder => names.Select(name => Path.Combine(folder, name))).FirstOrDefault(
            File.Exists);
    }

    /// <summary>
    /// Runs the program in the current folder until it exits, and returns its exit code. A cancelled run is killed.
    /// </summary>
    /// <param name="program">The path that <see cref="Find"/> returned.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="printed">Called with each line of its standard output; null leaves that output as it is.</param>
    /// <param name="cancellationToken">Kills the program.</param>
    /// <exception cref="OpencodeException">The program could not be started.</exception>
    public static async Task<int> RunAsync(
        string program, IReadOnlyList<string> arguments, Action<string>? printed, CancellationToken cancellationToken)
    {
        using Process process =
            Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = printed is not null });
        if (printed is not null)
        {
            process.OutputDataReceived += (_, line) => printed(line.Data ?? "");
            process.BeginOutputReadLine();
        }

        try
        {
            await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
            return process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start) ?? throw new Win32Exception();
        }
        catch (Win32Exception error)
        {
            throw new OpencodeException($"{start.FileName} could not be started. Is it a program for this machine?",
                error);
        }
    }
}
