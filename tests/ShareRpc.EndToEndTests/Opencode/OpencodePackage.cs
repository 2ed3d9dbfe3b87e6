using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ShareRpc.EndToEndTests.Opencode;

/// <summary>
/// The real opencode: its npm package, unpacked without running any script of it, and kept in the user's cache folder,
/// outside the repository.
/// </summary>
internal static class OpencodePackage
{
    public const string Version = "1.18.33";

    private const string Package = "opencode-linux-x64";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly Lazy<string?> Obstacle = new(Obtain, LazyThreadSafetyMode.ExecutionAndPublication);

    /// <summary>The program; there once <see cref="WhyNot"/> has said nothing.</summary>
    public static string Program { get; } = Path.Combine(Folder(), "package", "bin", "opencode");

    /// <summary>Gets the program, if it is not there yet; null, or why it cannot be had.</summary>
    public static string? WhyNot() => Obstacle.Value;

    private static string? Obtain()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.OSArchitecture != Architecture.X64)
            return $"{Package} is for Linux on x64.";
        if (File.Exists(Program)) return null;
        string download = Directory.CreateTempSubdirectory("sharerpc-opencode-").FullName;
        try
        {
            if (Run("npm", "pack", $"{Package}@{Version}", "--ignore-scripts", "--silent", "--pack-destination",
                download) is { } noPackage)
                return noPackage;
            if (Run("tar", "-xzf", Directory.GetFiles(download, "*.tgz")[0], "-C", download) is { } noProgram)
                return noProgram;
            Directory.CreateDirectory(Path.GetDirectoryName(Folder())!);
            Keep(download);
            return File.Exists(Program) ? null : $"{Package}@{Version} holds no bin/opencode.";
        }
        finally
        {
            Directory.Delete(download, recursive: true);
        }
    }

    /// <summary>Into the cache in one step, so that nobody finds half of it.</summary>
    private static void Keep(string download)
    {
        string beside = $"{Folder()}.{Environment.ProcessId}";
        if (Run("cp", "-a", download, beside) is { } failure) throw new InvalidOperationException(failure);
        try
        {
            Directory.Move(beside, Folder());
        }
        catch (IOException)
        {
            Directory.Delete(beside, recursive: true); // another process of the tests was faster
        }
    }

    private static string? Run(string program, params string[] arguments)
    {
        try
        {
            var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true };
            using Process process = Process.Start(start)!;
            process.StandardOutput.ReadToEnd();
            if (!process.WaitForExit(Patience)) process.Kill(entireProcessTree: true);
            return process.HasExited
                && process.ExitCode == 0 ? null : $"`{program} {string.Join(' ', arguments[..2])}` failed.";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return $"{program} is not installed.";
        }
    }

    private static string Folder()
    {
        string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(cache))
            cache = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        return Path.Combine(cache, "sharerpc-tests", $"opencode-{Version}");
    }
}
