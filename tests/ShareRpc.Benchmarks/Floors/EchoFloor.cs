using System.Diagnostics;
using ShareRpc.Benchmarks.Figures;
using ShareRpc.Benchmarks.Load;
using ShareRpc.Benchmarks.Servers;

namespace ShareRpc.Benchmarks.Floors;

/// <summary>
/// The same ops in the same batches from as many closed loops, over bare WebSockets of the same web server, which
/// answers a few bytes and stores nothing, or each batch as a row of plain SQLite: what that costs on this machine
/// before anything of ours is done.
/// </summary>
internal sealed class EchoFloor : IAsyncDisposable
{
    private const int Parts = 2_000;
    private readonly PeerServer server;
    private readonly LoadWriter[] writers;
    private readonly Bench bench;
    private readonly int batch;

    private EchoFloor(Bench bench, PeerServer server, LoadWriter[] writers, int batch)
    {
        this.bench = bench;
        this.server = server;
        this.writers = writers;
        this.batch = batch;
    }

    /// <summary>How long each batch took from sending to the answer.</summary>
    public Latencies Latencies { get; private set; } = new();

    public static async Task<EchoFloor> OpenAsync(
        Bench bench, string kind, int writers, int batch, CancellationToken cancellationToken)
    {
        PeerServer server = await PeerServer.StartAsync(kind, cancellationToken);
        var open = new LoadWriter[writers];
        for (int i = 0; i < writers; i++)
        {
            open[i] = await LoadWriter.OpenToPeerAsync(server.Address, bench.Bodies, Parts, cancellationToken);
        }

        var floor = new EchoFloor(bench, server, open, batch);
        await floor.MeasureAsync(cancellationToken); // warm
        floor.Latencies = new Latencies();
        return floor;
    }

    /// <summary>Ops a second over a round's time.</summary>
    public async Task<double> MeasureAsync(CancellationToken cancellationToken)
    {
        long begun = Stopwatch.GetTimestamp();
        Func<bool> goesOn = bench.ForARound();
        long[] ops = await Task.WhenAll(
            writers.Select(writer =>
                Task.Run(() => writer.RunAsync(batch, Latencies, goesOn, cancellationToken), cancellationToken)));
        return ops.Sum() / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    public async ValueTask DisposeAsync()
    {
        await Bench.DisposeAsync(writers);
        await server.DisposeAsync();
    }
}
