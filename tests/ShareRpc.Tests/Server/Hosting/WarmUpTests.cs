using Microsoft.Extensions.Logging;
using ShareRpc.Server.Hosting;

namespace ShareRpc.Tests.Server.Hosting;

public sealed class WarmUpTests
{
    [Fact]
    public async Task A_warm_up_appends_and_reads_without_a_failure_and_leaves_no_directory()
    {
        using var logs = new CapturedLogs();
        using ILoggerFactory factory = LoggerFactory.Create(
            builder => builder.SetMinimumLevel(LogLevel.Debug).AddProvider(logs));
        await WarmUp.RunAsync(
            TimeProvider.System, factory.CreateLogger("warm"), rounds: 1, CancellationToken.None);
        Assert.Empty(logs.Lines);
        Assert.Empty(Directory.GetDirectories(Path.GetTempPath(), "sharerpc-warm-up-*"));
    }

    [Fact]
    public async Task A_warm_up_that_is_stopped_is_no_failure()
    {
        using var logs = new CapturedLogs();
        using ILoggerFactory factory = LoggerFactory.Create(
            builder => builder.SetMinimumLevel(LogLevel.Debug).AddProvider(logs));
        await WarmUp.RunAsync(
            TimeProvider.System, factory.CreateLogger("warm"), WarmUp.Rounds, new CancellationToken(canceled: true));
        Assert.Empty(logs.Lines);
    }

    [Fact]
    public void Code_that_is_not_optimized_is_not_warmed_up() => Assert.NotEqual(IsDebugBuild(), WarmUp.IsUseful);

    private static bool IsDebugBuild() => typeof(WarmUp).Assembly.GetCustomAttributes(false)
        .OfType<System.Diagnostics.DebuggableAttribute>().Any(attribute => attribute.IsJITOptimizerDisabled);
}
