using ShareRpc.Benchmarks.Figures;
using ShareRpc.Benchmarks.Load;
using ShareRpc.Benchmarks.Servers;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Benchmarks.Cells;

/// <summary>A server with its writers, each with a share of its own: ours, or a peer.</summary>
internal sealed class AppendSide : IAsyncDisposable
{
    private readonly List<IBatchWriter> writers = [];

    private AppendSide(MeasuredProcess server, CaseRun run) => (Server, Run) = (server, run);

    public MeasuredProcess Server { get; }

    public CaseRun Run { get; }

    /// <summary>Starts this build; the writers use <c>/rpc</c>.</summary>
    public static Task<AppendSide> OpenOwnAsync(Bench bench, CaseRun run, int count, OpNames names,
        CancellationToken cancellationToken) =>
        OpenOwnAsync(run, count, async (server, owner) =>
            await LoadWriter.OpenAsync(server, owner, bench.Bodies, names, cancellationToken), cancellationToken);

    /// <summary>
    /// Starts this build on a PostgreSQL of the run's own; the writers use the nodes in turn.
    /// </summary>
    /// <param name="bench">What cells share.</param>
    /// <param name="run">Where its figures go.</param>
    /// <param name="nodes">How many nodes there are.</param>
    /// <param name="count">How many writers there are.</param>
    /// <param name="writersOfShare">How many of them, one after the other, write one share.</param>
    /// <param name="names">Ids and keys.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    public static async Task<AppendSide> OpenNodesAsync(Bench bench, CaseRun run, int nodes, int count,
        int writersOfShare, OpNames names, CancellationToken cancellationToken)
    {
        PostgresNode first = await PostgresNode.StartAsync(nodes, cancellationToken);
        await using ShareSetup setup = await first.SetUpAsync(cancellationToken);
        ShareToken? owner = null;
        int opened = 0;
        return await OpenAsync(first, run, count, async _ =>
        {
            if (opened % writersOfShare == 0) (_, owner) = await setup.CreateShareAsync(cancellationToken);
            Uri node = first.Addresses[opened++ % nodes];
            return await LoadWriter.OpenAsync(node, owner!, bench.Bodies, names, cancellationToken);
        });
    }

    /// <summary>Starts this build; the writers use <c>/capnweb</c>.</summary>
    public static Task<AppendSide> OpenOwnByCapAsync(Bench bench, CaseRun run, int count, OpNames names,
        CancellationToken cancellationToken) =>
        OpenOwnAsync(run, count, async (server, owner) =>
            await CapWriter.OpenAsync(server, owner, bench.Bodies, names, cancellationToken), cancellationToken);

    /// <summary>Starts the server of Cap'n Web that <c>--peer</c> names.</summary>
    public static async Task<AppendSide> OpenCapPeerAsync(Bench bench, string command, CaseRun run, int count,
        OpNames names, CancellationToken cancellationToken)
    {
        CapPeer peer = await CapPeer.StartAsync(command, cancellationToken);
        return await OpenAsync(peer, run, count, async share =>
            await CapWriter.OpenToPeerAsync(peer.Address, share, bench.Bodies, names, cancellationToken));
    }

    /// <summary>Starts a PostgreSQL of the run's own.</summary>
    public static async Task<AppendSide> OpenPostgresAsync(Bench bench, CaseRun run, int count, OpNames names,
        CancellationToken cancellationToken)
    {
        PostgresPeer peer = await PostgresPeer.StartAsync(cancellationToken);
        return await OpenAsync(peer, run, count, async share =>
            await PostgresWriter.OpenAsync(peer.ConnectionString, share, bench.Bodies, names, cancellationToken));
    }

    /// <summary>Starts a Redis of the run's own.</summary>
    public static async Task<AppendSide> OpenRedisAsync(Bench bench, CaseRun run, int count, OpNames names,
        CancellationToken cancellationToken)
    {
        RedisPeer peer = await RedisPeer.StartAsync(cancellationToken);
        return await OpenAsync(peer, run, count, async share =>
            await RedisWriter.OpenAsync(peer.EndPoint, share, bench.Bodies, names, cancellationToken));
    }

    /// <summary>Measures sides in turns; who begins changes, so that a neighbour's load falls on all alike.</summary>
    public static async Task RunInTurnsAsync(Bench bench, IReadOnlyList<AppendSide> sides, int batch,
        CancellationToken cancellationToken)
    {
        foreach (AppendSide side in sides) await side.RunRoundAsync(bench, batch, new Latencies(), cancellationToken);
        for (int round = 0; round < bench.Options.Rounds; round++)
        {
            foreach (AppendSide side in round % 2 == 0 ? sides : sides.Reverse())
            {
                await bench.RoundAsync(side.Run, side.Server,
                    () => side.RunRoundAsync(bench, batch, side.Run.Latencies, cancellationToken));
            }
        }

        foreach (AppendSide side in sides) bench.Report(side.Run);
    }

    public async ValueTask DisposeAsync()
    {
        await Bench.DisposeAsync(writers);
        await Server.DisposeAsync();
    }

    private static async Task<AppendSide> OpenOwnAsync(CaseRun run, int count,
        Func<Uri, ShareToken, Task<IBatchWriter>> openAsync, CancellationToken cancellationToken)
    {
        ServerUnderTest server = await Bench.StartServerAsync(cancellationToken);
        await using ShareSetup setup = await server.SetUpAsync(cancellationToken);
        return await OpenAsync(server, run, count, async _ =>
            await openAsync(server.Address, (await setup.CreateShareAsync(cancellationToken)).Owner));
    }

    private static async Task<AppendSide> OpenAsync(MeasuredProcess server, CaseRun run, int count,
        Func<string, Task<IBatchWriter>> openAsync)
    {
        var side = new AppendSide(server, run);
        try
        {
            for (int i = 0; i < count; i++)
                side.writers.Add(await openAsync(FormattableString.Invariant($"share{i}")));
            return side;
        }
        catch
        {
            await side.DisposeAsync();
            throw;
        }
    }

    private async Task<(double Work, double WireBytes)> RunRoundAsync(Bench bench, int batch, Latencies latencies,
        CancellationToken cancellationToken)
    {
        long before = writers.Sum(writer => writer.Bytes);
        Func<bool> goesOn = bench.ForARound();
        long[] ops = await Task.WhenAll(writers.Select(writer => Task.Run(
            () => writer.RunAsync(batch, latencies, goesOn, cancellationToken), cancellationToken)));
        return (ops.Sum(), writers.Sum(writer => writer.Bytes) - before);
    }
}
