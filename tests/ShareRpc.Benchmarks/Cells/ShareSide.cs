using ShareRpc.Benchmarks.Figures;
using ShareRpc.Benchmarks.Load;
using ShareRpc.Benchmarks.Servers;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Benchmarks.Cells;

/// <summary>A server of ours: one share, one writer at a time, one token for its viewers.</summary>
internal sealed class ShareSide(CaseRun run, ServerUnderTest server) : FanoutSide(run)
{
    private ShareToken? owner;
    private ShareToken? viewer;
    private long sent;

    public override MeasuredProcess Server => server;

    public override async Task<ILoadViewer[]> OpenViewersAsync(int count, CancellationToken cancellationToken)
    {
        if (owner is null)
        {
            await using ShareSetup setup = await server.SetUpAsync(cancellationToken);
            (_, owner) = await setup.CreateShareAsync(cancellationToken);
            viewer = await ShareSetup.InviteAsync(server.Address, owner, cancellationToken);
        }

        return await LoadViewer.OpenManyAsync(server.Address, $"\"token\":\"{viewer!.Reveal()}\"", count, AtOnce,
            cancellationToken);
    }

    public override async Task<ILoadWriter> OpenWriterAsync(OpBodies bodies, CancellationToken cancellationToken)
    {
        LoadWriter writer = await LoadWriter.OpenAsync(server.Address, owner!, bodies, Parts, cancellationToken);
        writer.ContinueAfter(sent);
        return writer;
    }

    public override void Ended(long sent) => this.sent = sent;
}
