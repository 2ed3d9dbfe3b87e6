using ShareRpc.Benchmarks.Figures;
using ShareRpc.Benchmarks.Load;
using ShareRpc.Benchmarks.Servers;

namespace ShareRpc.Benchmarks.Cells;

/// <summary>
/// Durable appends beside the peers, in turns, one client, each op a new document unless <c>--keys</c> says otherwise:
/// the server of Cap'n Web that <c>--peer</c> names (one row an op; no rights, no documents), PostgreSQL (a unique
/// index of ids; no rights, no documents) and Redis (a stream and a set of ids; no acks of single ops). A peer whose
/// program is not installed is left out.
/// </summary>
internal static class PeersCell
{
    public const string Name = "peers";

    public static async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        foreach ((string name, int writers, int batch) in AppendCell.Chosen(bench))
        {
            CaseRun Run(string server) => new(Name, name, "ops/s", server);
            OpNames names = bench.Options.Names ?? new OpNames();
            var sides = new List<AppendSide>();
            try
            {
                sides.Add(await AppendSide.OpenOwnAsync(bench, Run("this"), writers, names, cancellationToken));
                if (bench.Options.Peer is { } command)
                {
                    sides.Add(await AppendSide.OpenCapPeerAsync(
                        bench, command, Run("capnweb"), writers, names, cancellationToken));
                }

                if (PostgresPeer.IsInstalled)
                {
                    sides.Add(await AppendSide.OpenPostgresAsync(
                        bench, Run("postgres"), writers, names, cancellationToken));
                }

                if (RedisPeer.IsInstalled)
                    sides.Add(await AppendSide.OpenRedisAsync(bench, Run("redis"), writers, names, cancellationToken));
                await AppendSide.RunInTurnsAsync(bench, sides, batch, cancellationToken);
            }
            finally
            {
                await Bench.DisposeAsync(sides);
            }
        }
    }
}
