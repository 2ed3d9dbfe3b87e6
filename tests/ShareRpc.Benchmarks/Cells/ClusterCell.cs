using ShareRpc.Benchmarks.Figures;
using ShareRpc.Benchmarks.Load;
using ShareRpc.Benchmarks.Servers;

namespace ShareRpc.Benchmarks.Cells;

/// <summary>
/// Durable appends into PostgreSQL, in turns, one client, each op a new document unless <c>--keys</c> says otherwise:
/// this build by one node; with many writers also by two nodes (<c>two</c>), and with two writers a share by one node
/// (<c>one-same</c>) and by two (<c>two-same</c>: each share has a writer on each); and a plain insert into a table.
/// </summary>
internal static class ClusterCell
{
    public const string Name = "cluster";

    public static async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        if (!PostgresPeer.IsInstalled) return;
        foreach ((string name, int writers, int batch) in AppendCell.Chosen(bench))
        {
            CaseRun Run(string server) => new(Name, name, "ops/s", server);
            OpNames names = bench.Options.Names ?? new OpNames();
            var sides = new List<AppendSide>();
            try
            {
                (string, int, int)[] forms = writers == 1 ? [("one", 1, 1)]
                    : [("one", 1, 1), ("two", 2, 1), ("one-same", 1, 2), ("two-same", 2, 2)];
                foreach ((string server, int nodes, int writersOfShare) in forms)
                {
                    sides.Add(await AppendSide.OpenNodesAsync(
                        bench, Run(server), nodes, writers, writersOfShare, names, cancellationToken));
                }

                sides.Add(await AppendSide.OpenPostgresAsync(
                    bench, Run("postgres"), writers, names, cancellationToken));
                await AppendSide.RunInTurnsAsync(bench, sides, batch, cancellationToken);
            }
            finally
            {
                await Bench.DisposeAsync(sides);
            }
        }
    }
}
