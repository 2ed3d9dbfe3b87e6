using ShareRpc.Benchmarks.Figures;
using ShareRpc.Benchmarks.Load;
using ShareRpc.Benchmarks.Servers;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Benchmarks.Cells;

/// <summary>
/// What a viewer that has redeemed and now waits in a read costs the server in memory: the growth of its resident memory over the number
/// of viewers. The unit of work is a viewer that came.
/// </summary>
internal static class IdleCell
{
    public const string Name = "idle";
    private const int Viewers = 2_000;
    private const int WarmViewers = 500;
    private const int AtOnce = 64;
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(2);

    public static async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        int count = bench.Options.Scale(Viewers, 5);
        var run = new CaseRun(Name, "viewers", "viewers/s");
        var against = new CaseRun(Name, "viewers", "viewers/s", "against");
        for (int round = 0; round < bench.Options.Rounds; round++)
        {
            foreach (ServerUnderTest server in await bench.StartServersAsync(cancellationToken))
            {
                await using (server) await RunRoundAsync(bench, server.Name == "this" ? run : against, server, count, cancellationToken);
            }
        }

        bench.Report(run);
        if (against.Rounds.Count > 0) bench.Report(against);
    }

    private static async Task RunRoundAsync(
        Bench bench, CaseRun run, ServerUnderTest server, int count, CancellationToken cancellationToken)
    {
        await using ShareSetup setup = await server.SetUpAsync(cancellationToken);
        (_, ShareToken owner) = await setup.CreateShareAsync(cancellationToken);
        await using LoadWriter writer = await LoadWriter.OpenAsync(server.Address, owner, bench.Bodies, 10, cancellationToken);
        ShareToken viewer = await ShareSetup.InviteAsync(server.Address, owner, cancellationToken);
        var viewers = new List<LoadViewer>();
        var waiting = new List<Task>();
        try
        {
            // The first ones pay for what all share: compiled code, pools, threads, the first generation of the heap.
            await ComeAsync(server, viewer, Math.Min(WarmViewers, count), viewers, waiting, cancellationToken);
            await SettleAsync(bench, cancellationToken);
            long before = server.ReadMemory();
            await bench.RoundAsync(run, server, async () =>
            {
                await ComeAsync(server, viewer, count, viewers, waiting, cancellationToken);
                return (count, viewers.TakeLast(count).Sum(come => come.Socket.Bytes));
            });
            await SettleAsync(bench, cancellationToken);
            run.Note("kilobytes_per_viewer", (server.ReadMemory() - before) / 1024.0 / count);
            await writer.AppendAsync(1, cancellationToken); // wakes them all: they were really there
            await Task.WhenAll(waiting);
        }
        finally
        {
            await Bench.DisposeAsync(viewers);
        }
    }

    private static async Task ComeAsync(
        ServerUnderTest server, ShareToken token, int count, List<LoadViewer> viewers, List<Task> waiting,
        CancellationToken cancellationToken)
    {
        LoadViewer[] come = await LoadViewer.OpenManyAsync(
            server.Address, $"\"token\":\"{token.Reveal()}\"", count, AtOnce, cancellationToken);
        viewers.AddRange(come);
        waiting.AddRange(come.Select(viewer => viewer.FollowAsync(cursor => cursor == 0, (_, _) => { }, cancellationToken)));
    }

    private static Task SettleAsync(Bench bench, CancellationToken cancellationToken) =>
        Task.Delay(Settling < bench.Options.RoundTime ? Settling : bench.Options.RoundTime, TimeProvider.System, cancellationToken);
}
