using System.Runtime.InteropServices;
using ShareRpc.Benchmarks.Floors;

namespace ShareRpc.Benchmarks.Figures;

/// <summary>What the figures were measured on.</summary>
internal sealed record Machine
{
    public required string Cpu { get; init; }

    public required int Cores { get; init; }

    public required string Kernel { get; init; }

    /// <summary>The kind of the file system that holds temporary files, where the servers' data was.</summary>
    public required string FileSystem { get; init; }

    public required long MemoryMegabytes { get; init; }

    public required string DotNet { get; init; }

    public required string Sqlite { get; init; }

    /// <summary>
    /// How busy the machine was when the run began: processes that wanted to run, on average over a minute.
    /// </summary>
    public required string LoadAverage { get; init; }

    public static Machine Read() => new()
    {
        Cpu = CpuModel(), Cores = Environment.ProcessorCount, Kernel = RuntimeInformation.OSDescription,
        FileSystem = new DriveInfo(Path.GetTempPath()).DriveFormat,
        MemoryMegabytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1024 * 1024),
        DotNet = RuntimeInformation.FrameworkDescription, Sqlite = RawSqlite.Version,
        LoadAverage = File.ReadAllText("/proc/loadavg").Split(' ')[0],
    };

    private static string CpuModel() =>
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
            ?.Split(':')[1].Trim() ?? "unknown";
}
