using ShareRpc.Benchmarks.Figures;
using ShareRpc.Benchmarks.Load;
using ShareRpc.Benchmarks.Servers;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Benchmarks.Cells;

/// <summary>
/// The appends of <see cref="AppendCell"/> through <c>/capnweb</c> (<c>this</c>), beside the same through <c>/rpc</c>
/// on a server of its own, and beside the server of Cap'n Web that <c>--peer</c> names: in turns, one client.
/// </summary>
internal static class CapnWebCell
{
    public const string Name = "capnweb";
    private const int Parts = 2_000;
    private static readonly (int Writers, int Batch)[] Cases = [(1, 1), (1, 100), (32, 1), (32, 100)];

    /// <summary>Appends batches with one writer for a round; the ops.</summary>
    private delegate Task<long> Append(int batch, Latencies latencies, Func<bool> goesOn,
        CancellationToken cancellationToken);

    public static async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        foreach ((int writers, int batch) in Cases)
        {
            string name = FormattableString.Invariant($"{writers}x{batch}");
            if (bench.Options.Includes(name)) await RunAsync(bench, name, writers, batch, cancellationToken);
        }
    }

    private static async Task RunAsync(Bench bench, string name, int writers, int batch,
        CancellationToken cancellationToken)
    {
        var sides = new List<Side>();
        try
        {
            foreach (string kind in new[] { "this", "rpc" })
                sides.Add(await Side.OpenAsync(bench, kind, name, writers, cancellationToken));
            if (bench.Options.Peer is { } command)
                sides.Add(await Side.OpenPeerAsync(bench, command, name, writers, cancellationToken));
            foreach (Side side in sides) await side.RunRoundAsync(bench, batch, new Latencies(), cancellationToken);
            for (int round = 0; round < bench.Options.Rounds; round++)
            {
                foreach (Side side in round % 2 == 0 ? sides : sides.AsEnumerable().Reverse())
                {
                    await bench.RoundAsync(side.Run, side.Server,
                        () => side.RunRoundAsync(bench, batch, side.Run.Latencies, cancellationToken));
                }
            }

            foreach (Side side in sides) bench.Report(side.Run);
        }
        finally
        {
            await Bench.DisposeAsync(sides);
        }
    }

    /// <summary>A server with its writers.</summary>
    private sealed class Side(MeasuredProcess server, CaseRun run) : IAsyncDisposable
    {
        private readonly List<(RpcSocket Socket, Append AppendAsync)> writers = [];

        public MeasuredProcess Server => server;

        public CaseRun Run => run;

        public static async Task<Side> OpenAsync(Bench bench, string kind, string name, int writers,
            CancellationToken cancellationToken)
        {
            ServerUnderTest server = await Bench.StartServerAsync(cancellationToken);
            var side = new Side(server, new CaseRun(Name, name, "ops/s", kind));
            await using ShareSetup setup = await server.SetUpAsync(cancellationToken);
            for (int i = 0; i < writers; i++)
            {
                (_, ShareToken owner) = await setup.CreateShareAsync(cancellationToken);
                if (kind == "rpc")
                {
                    LoadWriter writer =
                        await LoadWriter.OpenAsync(server.Address, owner, bench.Bodies, Parts, cancellationToken);
                    side.writers.Add((writer.Socket, writer.RunAsync));
                }
                else
                {
                    CapWriter writer =
                        await CapWriter.OpenAsync(server.Address, owner, bench.Bodies, Parts, cancellationToken);
                    side.writers.Add((writer.Socket, writer.RunAsync));
                }
            }

            return side;
        }

        public static async Task<Side> OpenPeerAsync(Bench bench, string command, string name, int writers,
            CancellationToken cancellationToken)
        {
            CapPeer peer = await CapPeer.StartAsync(command, cancellationToken);
            var side = new Side(peer, new CaseRun(Name, name, "ops/s", "peer"));
            for (int i = 0; i < writers; i++)
            {
                string share = FormattableString.Invariant($"share{i}");
                CapWriter writer = await CapWriter.OpenToPeerAsync(
                    peer.Address, share, bench.Bodies, Parts, cancellationToken);
                side.writers.Add((writer.Socket, writer.RunAsync));
            }

            return side;
        }

        public async Task<(double Work, double WireBytes)> RunRoundAsync(Bench bench, int batch, Latencies latencies,
            CancellationToken cancellationToken)
        {
            long before = writers.Sum(writer => writer.Socket.Bytes);
            Func<bool> goesOn = bench.ForARound();
            long[] ops = await Task.WhenAll(writers.Select(writer => Task.Run(
                () => writer.AppendAsync(batch, latencies, goesOn, cancellationToken), cancellationToken)));
            return (ops.Sum(), writers.Sum(writer => writer.Socket.Bytes) - before);
        }

        public async ValueTask DisposeAsync()
        {
            foreach ((RpcSocket socket, _) in writers) await socket.DisposeAsync();
            await server.DisposeAsync();
        }
    }
}
