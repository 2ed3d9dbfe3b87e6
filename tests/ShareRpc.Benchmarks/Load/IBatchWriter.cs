using ShareRpc.Benchmarks.Figures;

namespace ShareRpc.Benchmarks.Load;

/// <summary>A writer on a connection of its own, of any server.</summary>
internal interface IBatchWriter : IAsyncDisposable
{
    /// <summary>Gets the bytes of all messages both ways; 0 where nobody counts them.</summary>
    long Bytes => 0;

    /// <summary>Appends batches as long as it is to go on, but one at least; returns the ops acknowledged.</summary>
    Task<long> RunAsync(int batch, Latencies latencies, Func<bool> goesOn, CancellationToken cancellationToken);
}
