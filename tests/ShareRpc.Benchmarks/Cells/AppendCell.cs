using ShareRpc.Benchmarks.Figures;
using ShareRpc.Benchmarks.Floors;
using ShareRpc.Benchmarks.Load;
using ShareRpc.Benchmarks.Peers;
using ShareRpc.Benchmarks.Servers;

namespace ShareRpc.Benchmarks.Cells;

/// <summary>
/// Durable appends in closed loops: writers, each with a connection and a share of its own, times ops in a batch. Plain
/// SQLite gets the grouping that the best group commit could reach: everything that is in flight at once in one
/// transaction. <c>echo</c> is the rate of the same batches over bare WebSockets of the same web server, stored
/// nowhere; <c>ceiling</c> is that of batches that are echoed and then stored by plain SQLite, one thing after the
/// other: what a lone writer who waits for each ack cannot pass, with <c>to_ceiling</c> the ratio to it.
/// <c>bare_store</c>, of 1x1, is that of a server that does just this: receives a message over a bare WebSocket, has
/// plain SQLite store it on the same thread, and answers.
/// </summary>
internal static class AppendCell
{
    public const string Name = "append";

    /// <summary>The documents that ops go round unless <c>--keys</c> says otherwise.</summary>
    public const int Parts = 2_000;

    private static readonly (int Writers, int Batch)[] Cases = [(1, 1), (1, 100), (32, 1), (32, 100)];

    public static async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        foreach ((string name, int writers, int batch) in Chosen(bench))
            await RunAsync(bench, name, writers, batch, cancellationToken);
    }

    /// <summary>Returns the cases that were asked for.</summary>
    public static IEnumerable<(string Name, int Writers, int Batch)> Chosen(Bench bench) => Cases
        .Select(size => (Name: FormattableString.Invariant($"{size.Writers}x{size.Batch}"), size.Writers, size.Batch))
        .Where(chosen => bench.Options.Includes(chosen.Name));

    private static async Task RunAsync(Bench bench, string name, int writers, int batch,
        CancellationToken cancellationToken)
    {
        IReadOnlyList<ServerUnderTest> servers = await bench.StartServersAsync(cancellationToken);
        var sides = new List<(ServerUnderTest Server, CaseRun Run, List<LoadWriter> Writers)>();
        try
        {
            foreach (ServerUnderTest server in servers)
            {
                List<LoadWriter> open = await OpenAsync(bench, server, writers, cancellationToken);
                sides.Add((server, new CaseRun(Name, name, "ops/s", server.Name), open));
                // Warm: compiled, and files at their size.
                await RunRoundAsync(bench, open, batch, new Latencies(), cancellationToken);
            }

            await using EchoFloor echo =
                await EchoFloor.OpenAsync(bench, PeerProgram.WebSocket, writers, batch, cancellationToken);
            await using EchoFloor? store = writers * batch == 1
                ? await EchoFloor.OpenAsync(bench, PeerProgram.Store, writers, batch, cancellationToken)
                : null;
            using SqliteFloors floor = bench.NewRawSqlite();
            for (int round = 0; round < bench.Options.Rounds; round++)
            {
                // In turns, and who begins changes: a neighbour's load falls on all alike.
                IEnumerable<(ServerUnderTest, CaseRun, List<LoadWriter>)> turns = round % 2 == 0
                    ? sides : sides.AsEnumerable().Reverse();
                foreach ((ServerUnderTest server, CaseRun run, List<LoadWriter> open) in turns)
                {
                    double echoed = await echo.MeasureAsync(cancellationToken);
                    double? stored = store is null ? null : await store.MeasureAsync(cancellationToken);
                    await bench.RoundAsync(
                        run, server, () => RunRoundAsync(bench, open, batch, run.Latencies, cancellationToken),
                        time => floor.Measure(writers * batch, writers, time));
                    NoteCeiling(run, echoed, stored);
                }
            }

            foreach (var side in sides)
            {
                side.Run.Note("echo_p99_ms", echo.Latencies.Percentile(0.99));
                bench.Report(side.Run);
            }
        }
        finally
        {
            await Bench.DisposeAsync(sides.SelectMany(side => side.Writers));
            await Bench.DisposeAsync(servers);
        }
    }

    private static void NoteCeiling(CaseRun run, double echoed, double? stored)
    {
        Round round = run.Rounds[^1];
        double ceiling = 1 / ((1 / echoed) + (1 / round.RawRandom));
        run.Note("echo", echoed);
        run.Note("ceiling", ceiling);
        run.Note("to_ceiling", round.Rate / ceiling);
        if (stored is not { } bare) return;
        run.Note("bare_store", bare);
        run.Note("to_bare_store", round.Rate / bare);
    }

    private static async Task<List<LoadWriter>> OpenAsync(
        Bench bench, ServerUnderTest server, int writers, CancellationToken cancellationToken)
    {
        await using ShareSetup setup = await server.SetUpAsync(cancellationToken);
        var open = new List<LoadWriter>();
        for (int i = 0; i < writers; i++)
        {
            (_, var owner) = await setup.CreateShareAsync(cancellationToken);
            open.Add(await LoadWriter.OpenAsync(server.Address, owner, bench.Bodies, bench.Options.Names ?? Parts,
                cancellationToken));
        }

        return open;
    }

    private static async Task<(double Work, double WireBytes)> RunRoundAsync(
        Bench bench, List<LoadWriter> writers, int batch, Latencies latencies, CancellationToken cancellationToken)
    {
        long before = writers.Sum(writer => writer.Socket.Bytes);
        Func<bool> goesOn = bench.ForARound();
        long[] ops = await Task.WhenAll(
            writers.Select(writer =>
                Task.Run(() => writer.RunAsync(batch, latencies, goesOn, cancellationToken), cancellationToken)));
        return (ops.Sum(), writers.Sum(writer => writer.Socket.Bytes) - before);
    }
}
