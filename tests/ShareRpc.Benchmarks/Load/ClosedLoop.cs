using System.Diagnostics;
using ShareRpc.Benchmarks.Figures;

namespace ShareRpc.Benchmarks.Load;

/// <summary>The loop of every writer: the next batch leaves after the last one is acked.</summary>
internal static class ClosedLoop
{
    /// <param name="batch">The ops of a batch.</param>
    /// <param name="latencies">Gets the time of each send.</param>
    /// <param name="goesOn">Asked after each batch.</param>
    /// <param name="prepare">Makes the next batch, which is not timed.</param>
    /// <param name="sendAsync">Sends what was prepared; ends when it is durable.</param>
    public static async Task<long> RunAsync<T>(
        int batch, Latencies latencies, Func<bool> goesOn, Func<int, T> prepare, Func<T, ValueTask> sendAsync)
    {
        long ops = 0;
        do
        {
            T next = prepare(batch);
            long begun = Stopwatch.GetTimestamp();
            await sendAsync(next);
            latencies.Add(Stopwatch.GetElapsedTime(begun));
            ops += batch;
        }
        while (goesOn());

        return ops;
    }
}
