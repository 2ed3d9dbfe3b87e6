using System.Diagnostics;

namespace ShareRpc.EndToEndTests.Disk;

/// <summary>
/// The disk under one directory, as a library that is preloaded into a process; see <c>disk_shim.c</c>.
/// </summary>
internal sealed class DiskShim
{
    private static readonly Lazy<Task<string>> Library = new(CompileAsync);
    private readonly string directory;

    private DiskShim(string directory)
    {
        this.directory = directory;
        Directory.CreateDirectory(Root);
    }

    /// <summary>What is watched; a process works in a directory of its own below it.</summary>
    public string Root => Path.Combine(directory, "disk");

    public string JournalPath => Path.Combine(directory, "journal");

    /// <summary>
    /// How much has happened so far: whatever a process has said before is caused by what stands before this.
    /// </summary>
    public long JournalLength => File.Exists(JournalPath) ? new FileInfo(JournalPath).Length : 0;

    private string ControlPath => Path.Combine(directory, "control");

    public static async Task<DiskShim> OpenAsync(string directory)
    {
        await Library.Value;
        return new DiskShim(directory);
    }

    /// <summary>What a process that is to work on this disk gets.</summary>
    public async Task<Dictionary<string, string>> EnvironmentAsync(bool journals = false, bool syncs = true)
    {
        var environment = new Dictionary<string, string>
        {
            ["LD_PRELOAD"] = await Library.Value, ["DISKSHIM_ROOT"] = Root, ["DISKSHIM_CONTROL"] = ControlPath,
        };
        if (journals) environment["DISKSHIM_JOURNAL"] = JournalPath;
        if (!syncs) environment["DISKSHIM_NOSYNC"] = "1";
        return environment;
    }

    /// <summary>From now on every change fails: "full", "io" or "read-only".</summary>
    public void Fail(string how)
    {
        File.WriteAllText(ControlPath + ".new", how);
        File.Move(ControlPath + ".new", ControlPath, overwrite: true);
    }

    public void Repair() => File.Delete(ControlPath);

    private static async Task<string> CompileAsync()
    {
        string source = Path.Combine(AppContext.BaseDirectory, "Disk", "disk_shim.c");
        string library = Path.Combine(AppContext.BaseDirectory, "Disk", "disk_shim.so");
        string made = $"{library}.{Environment.ProcessId}";
        string[] arguments =
            ["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o", made, source, "-ldl", "-lpthread"];
        using Process gcc = Process.Start(new ProcessStartInfo("gcc", arguments) { RedirectStandardError = true })!;
        string errors = await gcc.StandardError.ReadToEndAsync();
        await gcc.WaitForExitAsync();
        Assert.True(gcc.ExitCode == 0, errors);
        File.Move(made, library, overwrite: true);
        return library;
    }
}
