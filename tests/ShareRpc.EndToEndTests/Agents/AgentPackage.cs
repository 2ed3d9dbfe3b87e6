using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ShareRpc.EndToEndTests.Agents;

/// <summary>
/// A real agent: its npm package, installed without running any script of it, and kept in the user's cache folder,
/// outside the repository.
/// </summary>
/// <param name="package">The package.</param>
/// <param name="version">Its version.</param>
/// <param name="program">Where the program is below <c>node_modules</c>.</param>
internal sealed class AgentPackage(string package, string version, string program)
{
    public static readonly AgentPackage Claude = new(
        "@anthropic-ai/claude-code-linux-x64", "2.1.332", "@anthropic-ai/claude-code-linux-x64/claude");

    public static readonly AgentPackage Codex = new(
        "@openai/codex", "0.171.0", "@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex");

    public static readonly AgentPackage Gemini = new(
        "@google/gemini-cli", "0.61.0", "@google/gemini-cli/bundle/gemini.js");

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private readonly Lock gate = new();

    public static AgentPackage Of(string name) =>
        name switch { "claude" => Claude, "codex" => Codex, _ => Gemini };

    /// <summary>The program; there once <see cref="WhyNot"/> has said nothing.</summary>
    public string Program => Path.Combine(Folder, "node_modules", program);

    private string Folder
    {
        get
        {
            string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            if (string.IsNullOrEmpty(cache))
                cache = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
            return Path.Combine(cache, "sharerpc-tests", $"{package.Split('/')[^1]}-{version}");
        }
    }

    /// <summary>Gets the program, if it is not there yet; null, or why it cannot be had.</summary>
    public string? WhyNot()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.OSArchitecture != Architecture.X64)
            return "These packages are taken for Linux on x64.";
        lock (gate)
        {
            if (File.Exists(Program)) return null;
            string beside = $"{Folder}.{Environment.ProcessId}";
            Directory.CreateDirectory(beside);
            try
            {
                if (Install(beside) is { } failure) return failure;
                Directory.Move(beside, Folder); // in one step, so that nobody finds half of it
            }
            catch (IOException) when (File.Exists(Program))
            {
                // Another process of the tests was faster.
            }
            finally
            {
                if (Directory.Exists(beside)) Directory.Delete(beside, recursive: true);
            }

            return File.Exists(Program) ? null : $"{package}@{version} holds no {program}.";
        }
    }

    private string? Install(string folder)
    {
        string[] arguments =
        [
            "install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", "--prefix", folder,
            $"{package}@{version}",
        ];
        try
        {
            var start = new ProcessStartInfo("npm", arguments) { RedirectStandardOutput = true };
            using Process npm = Process.Start(start)!;
            npm.StandardOutput.ReadToEnd();
            if (!npm.WaitForExit(Patience)) npm.Kill(entireProcessTree: true);
            return npm.HasExited && npm.ExitCode == 0 ? null : $"`npm install {package}@{version}` failed.";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "npm is not installed.";
        }
    }
}

/// <summary>Marks a test with a real agent; see <see cref="Needs"/>.</summary>
internal sealed class AgentFactAttribute : FactAttribute
{
    public AgentFactAttribute(string name)
    {
        Timeout = 600_000;
        AgentPackage package = AgentPackage.Of(name);
        if (!Needs.IsBuildMachine && package.WhyNot() is { } reason) Skip = $"The real {name} cannot be had: {reason}";
    }
}
