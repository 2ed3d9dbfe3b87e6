using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace ShareRpc.Benchmarks.Micro;

/// <summary>
/// The micro benchmarks, in this process: what BenchmarkDotNet would build by itself knows nothing of this repository's
/// build.
/// </summary>
internal static class MicroProgram
{
    public const string Verb = "micro";

    public static int Run(string[] arguments)
    {
        Job job = Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance);
        IConfig config = DefaultConfig.Instance.AddJob(job)
            .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "sharerpc-micro"))
            .WithOptions(ConfigOptions.DisableOptimizationsValidator);
        string[] chosen = arguments.Length == 0 ? ["--filter", "*"] : arguments;
        BenchmarkSwitcher switcher = BenchmarkSwitcher.FromTypes([typeof(HotPieces), typeof(ApplyPiece)]);
        return switcher.Run(chosen, config).Any(summary => summary.HasCriticalValidationErrors) ? 1 : 0;
    }
}
