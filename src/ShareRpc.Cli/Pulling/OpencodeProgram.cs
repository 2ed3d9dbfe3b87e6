using System.Diagnostics;
using ShareRpc.Cli.Terminal;

namespace ShareRpc.Cli.Pulling;

/// <summary>The opencode program of this machine.</summary>
internal static class OpencodeProgram
{
    private const string Name = "opencode";

    /// <summary>Where it is; null when it is nowhere.</summary>
    public static string? Find(string? named)
    {
        if (named is not null) return File.Exists(named) ? Path.GetFullPath(named) : null;
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(
            Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        string[] names = OperatingSystem.IsWindows() ? [$"{Name}.exe", $"{Name}.cmd"] : [Name];
        return folders.SelectMany(folder => names.Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
    }

    /// <summary>Runs it to its end, in the current folder; its exit code. What it prints goes to the error stream with --json.</summary>
    public static async Task<int> RunAsync(string program, IReadOnlyList<string> arguments, Output output, CancellationToken stop)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = output.IsJson };
        using Process process = Process.Start(start)
            ?? throw new CliException(ExitCode.Error, $"{program} could not be started.");
        if (output.IsJson)
        {
            process.OutputDataReceived += (_, line) => output.Errors.WriteLine(SafeText.Line(line.Data ?? "", 1000));
            process.BeginOutputReadLine();
        }

        try
        {
            await process.WaitForExitAsync(stop).ConfigureAwait(false);
            return process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
