using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using ShareRpc.Server.Diagnostics;

namespace ShareRpc.Server.Supervision;

/// <summary>Restarts failed loops after a backoff. Three failures in a row count as failing until a success.</summary>
internal sealed class Supervisor : IAsyncDisposable
{
    private const int FailuresThatCount = 3;
    private readonly ServerLimits limits;
    private readonly TimeProvider time;
    private readonly ILogger<Supervisor> log;
    private readonly Watched[] loops;
    private readonly Counter<long> failures;
    private readonly CancellationTokenSource stopping = new();
    private Task running = Task.CompletedTask;

    public Supervisor(
        IEnumerable<IServerLoop> loops, ServerLimits limits, TimeProvider time, IMeterFactory meters,
        ILogger<Supervisor> log)
    {
        this.limits = limits;
        this.time = time;
        this.log = log;
        this.loops = [.. loops.Where(loop => loop.Name.Length > 0).Select(loop => new Watched(loop))];
        Meter meter = meters.Create(ServerMetrics.Name);
        failures = meter.CreateCounter<long>("sharerpc.loop.failures", description: "Failures of background loops");
        meter.CreateObservableGauge(
            "sharerpc.loop.failing",
            () => this.loops.Select(loop => new Measurement<int>(loop.IsFailing ? 1 : 0, loop.Tag)),
            description: "1 for a background loop that has failed three times in a row, else 0");
    }

    public IReadOnlyList<string> Failing => [.. loops.Where(loop => loop.IsFailing).Select(loop => loop.Loop.Name)];

    public void Start() =>
        running = Task.WhenAll(loops.Select(loop => Task.Run(() => RunAsync(loop), CancellationToken.None)));

    /// <summary>Cancels loops and backoffs. Repeatable.</summary>
    public Task BeginStopAsync() => stopping.CancelAsync();

    /// <summary>Cancels loops and waits for their end. Repeatable.</summary>
    public async Task StopAsync()
    {
        await BeginStopAsync().ConfigureAwait(false);
        await running.ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        stopping.Dispose();
    }

    private async Task RunAsync(Watched watched)
    {
        CancellationToken stop = stopping.Token;
        while (true)
        {
            try
            {
                await watched.Loop.RunAsync(watched.Succeed, stop).ConfigureAwait(false);
                return;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                int inARow = watched.FailuresInARow + 1;
                TimeSpan wait = BackoffAfter(inARow);
                failures.Add(1, watched.Tag);
                log.LoopFailed(exception, watched.Loop.Name, inARow, wait);
                watched.Fail(); // who sees that it fails finds the reason in the log
                await Task.Delay(wait, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (stop.IsCancellationRequested && !watched.Loop.EndsByItself) return;
            }
        }
    }

    private TimeSpan BackoffAfter(int failuresInARow)
    {
        double factor = Math.Pow(2, Math.Min(failuresInARow - 1, 16));
        return limits.LoopRestart * factor < limits.LoopRestartMax
            ? limits.LoopRestart * factor : limits.LoopRestartMax;
    }

    private sealed class Watched(IServerLoop loop)
    {
        private int failuresInARow;

        public IServerLoop Loop => loop;

        public KeyValuePair<string, object?> Tag { get; } = new("loop", loop.Name);

        public int FailuresInARow => Volatile.Read(ref failuresInARow);

        public bool IsFailing => FailuresInARow >= FailuresThatCount;

        public void Fail() => Interlocked.Increment(ref failuresInARow);

        public void Succeed()
        {
            if (Volatile.Read(ref failuresInARow) != 0) Volatile.Write(ref failuresInARow, 0);
        }
    }
}
