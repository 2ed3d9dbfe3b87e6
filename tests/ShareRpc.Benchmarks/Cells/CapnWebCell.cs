using ShareRpc.Benchmarks.Figures;
using ShareRpc.Benchmarks.Load;

namespace ShareRpc.Benchmarks.Cells;

/// <summary>
/// The appends of <see cref="AppendCell"/> through <c>/capnweb</c> (<c>this</c>), beside the same through <c>/rpc</c>
/// on a server of its own, and beside the server of Cap'n Web that <c>--peer</c> names: in turns, one client.
/// </summary>
internal static class CapnWebCell
{
    public const string Name = "capnweb";

    public static async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        foreach ((string name, int writers, int batch) in AppendCell.Chosen(bench))
        {
            CaseRun Run(string server) => new(Name, name, "ops/s", server);
            OpNames names = bench.Options.Names ?? AppendCell.Parts;
            var sides = new List<AppendSide>();
            try
            {
                sides.Add(
                    await AppendSide.OpenOwnByCapAsync(bench, Run("this"), writers, names, cancellationToken));
                sides.Add(await AppendSide.OpenOwnAsync(bench, Run("rpc"), writers, names, cancellationToken));
                if (bench.Options.Peer is { } command)
                {
                    sides.Add(await AppendSide.OpenCapPeerAsync(
                        bench, command, Run("peer"), writers, names, cancellationToken));
                }

                await AppendSide.RunInTurnsAsync(bench, sides, batch, cancellationToken);
            }
            finally
            {
                await Bench.DisposeAsync(sides);
            }
        }
    }
}
