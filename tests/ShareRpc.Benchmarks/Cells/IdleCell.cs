using ShareRpc.Benchmarks.Figures;
using ShareRpc.Benchmarks.Load;
using ShareRpc.Benchmarks.Peers;
using ShareRpc.Benchmarks.Servers;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Benchmarks.Cells;

/// <summary>
/// What a viewer that has redeemed and now waits in a read costs the server in memory: the growth of its resident
/// memory over the number of viewers. The unit of work is a viewer that came. In turns with it, as many bare WebSockets
/// of the same web server, and of SignalR.
/// </summary>
internal static class IdleCell
{
    public const string Name = "idle";
    private const int Viewers = 2_000;
    private const int WarmViewers = 500;
    private const int AtOnce = 64;
    private static readonly string[] Peers = [PeerProgram.WebSocket, PeerProgram.SignalR];
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(2);

    public static async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        int count = bench.Options.Scale(Viewers, 5);
        var run = new CaseRun(Name, "viewers", "viewers/s");
        var against = new CaseRun(Name, "viewers", "viewers/s", "against");
        var peers = Peers.Select(kind => (Kind: kind, Run: new CaseRun(Name, "viewers", "viewers/s", kind))).ToList();
        for (int round = 0; round < bench.Options.Rounds; round++)
        {
            foreach (var peer in peers) await RunPeerRoundAsync(bench, peer.Run, peer.Kind, count, cancellationToken);
            foreach (ServerUnderTest server in await bench.StartServersAsync(cancellationToken))
            {
                await using (server) await RunRoundAsync(bench, server.Name == "this" ? run : against, server, count,
                    cancellationToken);
            }
        }

        bench.Report(run);
        if (against.Rounds.Count > 0) bench.Report(against);
        foreach (var peer in peers) bench.Report(peer.Run);
    }

    private static async Task RunPeerRoundAsync(
        Bench bench, CaseRun run, string kind, int count, CancellationToken cancellationToken)
    {
        await using PeerServer server = await PeerServer.StartAsync(kind, cancellationToken);
        var viewers = new List<PeerViewer>();

        async Task ComeAsync(int more) => viewers.AddRange(
            await PeerViewer.OpenManyAsync(server.Address, kind, cursor: 0, more, AtOnce, cancellationToken));

        try
        {
            await MeasureAsync(bench, run, server, ComeAsync, () => viewers.Sum(viewer => viewer.Socket.Bytes), count,
                cancellationToken);
        }
        finally
        {
            await Bench.DisposeAsync(viewers);
        }
    }

    private static async Task RunRoundAsync(
        Bench bench, CaseRun run, ServerUnderTest server, int count, CancellationToken cancellationToken)
    {
        await using ShareSetup setup = await server.SetUpAsync(cancellationToken);
        (_, ShareToken owner) = await setup.CreateShareAsync(cancellationToken);
        await using LoadWriter writer =
            await LoadWriter.OpenAsync(server.Address, owner, bench.Bodies, 10, cancellationToken);
        ShareToken viewer = await ShareSetup.InviteAsync(server.Address, owner, cancellationToken);
        var viewers = new List<LoadViewer>();
        var waiting = new List<Task>();

        async Task ComeAsync(int more)
        {
            LoadViewer[] come = await LoadViewer.OpenManyAsync(
                server.Address, $"\"token\":\"{viewer.Reveal()}\"", more, AtOnce, cancellationToken);
            viewers.AddRange(come);
            waiting.AddRange(
                come.Select(one => one.FollowAsync(cursor => cursor == 0, (_, _) => { }, cancellationToken)));
        }

        try
        {
            await MeasureAsync(bench, run, server, ComeAsync, () => viewers.Sum(come => come.Socket.Bytes), count,
                cancellationToken);
            await writer.AppendAsync(1, cancellationToken); // wakes them all: they were really there
            await Task.WhenAll(waiting);
        }
        finally
        {
            await Bench.DisposeAsync(viewers);
        }
    }

    private static async Task MeasureAsync(
        Bench bench, CaseRun run, MeasuredProcess server, Func<int, Task> comeAsync, Func<long> bytes, int count,
        CancellationToken cancellationToken)
    {
        // The first ones pay for what all share: compiled code, pools, threads, the first generation of the heap.
        await comeAsync(Math.Min(WarmViewers, count));
        await SettleAsync(bench, cancellationToken);
        (long memory, long sent) = (server.ReadMemory(), bytes());
        await bench.RoundAsync(run, server, async () =>
        {
            await comeAsync(count);
            return (count, bytes() - sent);
        });
        await SettleAsync(bench, cancellationToken);
        run.Note("kilobytes_per_viewer", (server.ReadMemory() - memory) / 1024.0 / count);
    }

    private static Task SettleAsync(Bench bench, CancellationToken cancellationToken) =>
        Task.Delay(Settling < bench.Options.RoundTime ? Settling : bench.Options.RoundTime, TimeProvider.System,
            cancellationToken);
}
