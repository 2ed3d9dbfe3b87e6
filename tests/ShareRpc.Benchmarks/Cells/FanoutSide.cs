using ShareRpc.Benchmarks.Figures;
using ShareRpc.Benchmarks.Load;
using ShareRpc.Benchmarks.Servers;

namespace ShareRpc.Benchmarks.Cells;

/// <summary>One of those that fan-out is measured with: a server of ours, or a peer.</summary>
internal abstract class FanoutSide(CaseRun run) : IAsyncDisposable
{
    protected const int AtOnce = 64;
    protected const int Parts = 100;

    public CaseRun Run => run;

    /// <summary>From sending to arrival.</summary>
    public Latencies FromSend { get; } = new();

    public abstract MeasuredProcess Server { get; }

    /// <summary>Viewers that have read all there is.</summary>
    public abstract Task<ILoadViewer[]> OpenViewersAsync(int count, CancellationToken cancellationToken);

    public abstract Task<ILoadWriter> OpenWriterAsync(OpBodies bodies, CancellationToken cancellationToken);

    /// <summary>Called after a round with what its writer had sent.</summary>
    public virtual void Ended(long sent)
    {
    }

    public async ValueTask DisposeAsync() => await Server.DisposeAsync();
}
