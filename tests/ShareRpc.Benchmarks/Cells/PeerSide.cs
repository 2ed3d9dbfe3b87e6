using ShareRpc.Benchmarks.Figures;
using ShareRpc.Benchmarks.Load;
using ShareRpc.Benchmarks.Servers;

namespace ShareRpc.Benchmarks.Cells;

/// <summary>A peer: everybody sees what its one publisher sends.</summary>
internal sealed class PeerSide(CaseRun run, PeerServer server) : FanoutSide(run)
{
    private long sent;

    public override MeasuredProcess Server => server;

    public override async Task<ILoadViewer[]> OpenViewersAsync(int count, CancellationToken cancellationToken) =>
        await PeerViewer.OpenManyAsync(server.Address, server.Kind, sent, count, AtOnce, cancellationToken);

    public override async Task<ILoadWriter> OpenWriterAsync(OpBodies bodies, CancellationToken cancellationToken) =>
        await PeerWriter.OpenAsync(server.Address, sent, bodies, Parts, cancellationToken);

    public override void Ended(long sent) => this.sent = sent;
}
