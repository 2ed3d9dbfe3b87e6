using System.Collections.Concurrent;
using System.Diagnostics;
using ShareRpc.Benchmarks.Figures;
using ShareRpc.Benchmarks.Load;
using ShareRpc.Benchmarks.Servers;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Benchmarks.Cells;

/// <summary>
/// An office: 32 agents append ten ops at a time, about 20 times a second each, 500 viewers follow them, and all the
/// while invitations are made, redeemed and revoked. The rate is that of appended ops, the latency that of their acks;
/// <c>revoke_*</c> is that of revocations.
/// </summary>
internal static class MixedCell
{
    public const string Name = "mixed";
    private const int Agents = 32;
    private const int Viewers = 500;
    private const int Batch = 10;
    private const int AtOnce = 32;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(50);

    public static async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        foreach (ServerUnderTest server in await bench.StartServersAsync(cancellationToken))
        {
            await using (server) await RunAsync(bench, server, cancellationToken);
        }
    }

    private static async Task RunAsync(Bench bench, ServerUnderTest server, CancellationToken cancellationToken)
    {
        var agents = new List<LoadWriter>();
        var viewers = new ConcurrentBag<LoadViewer>();
        int count = bench.Options.Scale(Agents, 2);
        await using ShareSetup setup = await server.SetUpAsync(cancellationToken);
        try
        {
            var tokens = new List<ShareToken>();
            for (int i = 0; i < count; i++)
            {
                (_, ShareToken owner) = await setup.CreateShareAsync(cancellationToken);
                agents.Add(await LoadWriter.OpenAsync(server.Address, owner, bench.Bodies, 100, cancellationToken));
                tokens.Add(await ShareSetup.InviteAsync(server.Address, owner, cancellationToken));
            }

            await Parallel.ForAsync(
                0, bench.Options.Scale(Viewers, 4),
                new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
                async (i, cancel) => viewers.Add(
                    await LoadViewer.OpenAsync(server.Address, $"\"token\":\"{tokens[i % count].Reveal()}\"", cancel)));
            var run = new CaseRun(Name, "office", "ops/s", server.Name);
            var revocations = new Latencies();
            for (int round = 0; round < bench.Options.Rounds; round++)
            {
                await bench.RoundAsync(
                    run, server,
                    () => RunRoundAsync(bench, server, agents, viewers, run, revocations, cancellationToken));
            }

            run.Note("revoke_p50_ms", revocations.Percentile(0.5));
            run.Note("revoke_p99_ms", revocations.Percentile(0.99));
            run.Note("revocations", revocations.Count);
            bench.Report(run);
        }
        finally
        {
            await Bench.DisposeAsync(agents);
            await Bench.DisposeAsync(viewers);
        }
    }

    private static async Task<(double Work, double WireBytes)> RunRoundAsync(
        Bench bench, ServerUnderTest server, List<LoadWriter> agents, IReadOnlyCollection<LoadViewer> viewers,
        CaseRun run, Latencies revocations, CancellationToken cancellationToken)
    {
        long bytes = agents.Sum(agent => agent.Socket.Bytes) + viewers.Sum(viewer => viewer.Socket.Bytes);
        long deliveries = 0;
        bool isOver = false;
        Task[] following =
            [.. viewers.Select(viewer => Task.Run(
                () => viewer.FollowAsync(
                    _ => !Volatile.Read(ref isOver), (after, upTo) => Interlocked.Add(ref deliveries, upTo - after),
                    cancellationToken),
                cancellationToken))];
        Func<bool> goesOn = bench.ForARound();
        Task revoking = RevokeAsync(server, revocations, goesOn, cancellationToken);
        long[] ops = await Task.WhenAll(
            agents.Select(agent =>
                Task.Run(() => WorkAsync(agent, run, goesOn, cancellationToken), cancellationToken)));
        await revoking;
        Volatile.Write(ref isOver, true);
        // Ends every read that waits.
        foreach (LoadWriter agent in agents) await agent.AppendAsync(1, cancellationToken);
        await Task.WhenAll(following);
        run.Note("deliveries_per_second", deliveries / bench.Options.RoundTime.TotalSeconds);
        return (ops.Sum(), agents.Sum(agent => agent.Socket.Bytes)
            + viewers.Sum(viewer => viewer.Socket.Bytes) - bytes);
    }

    private static async Task<long> WorkAsync(LoadWriter agent, CaseRun run, Func<bool> goesOn,
        CancellationToken cancellationToken)
    {
        long before = agent.Sent;
        using var pace = new PeriodicTimer(Pace, TimeProvider.System);
        do
        {
            long begun = Stopwatch.GetTimestamp();
            await agent.AppendAsync(Batch, cancellationToken);
            run.Latencies.Add(Stopwatch.GetElapsedTime(begun));
        }
        while (await pace.WaitForNextTickAsync(cancellationToken) && goesOn());

        return agent.Sent - before;
    }

    /// <summary>Invites to a share of its own, redeems, and takes it back, again and again.</summary>
    private static async Task RevokeAsync(
        ServerUnderTest server, Latencies revocations, Func<bool> goesOn,
        CancellationToken cancellationToken)
    {
        await using RpcSocket socket = await RpcSocket.ConnectAsync(server.Address, cancellationToken);
        await using ShareSetup setup = await server.SetUpAsync(cancellationToken);
        (_, ShareToken owner) = await setup.CreateShareAsync(cancellationToken);
        (long handle, _) = await socket.RedeemAsync($$"""{"token":"{{owner.Reveal()}}"}""", cancellationToken);
        while (goesOn())
        {
            ShareToken guest = await ShareSetup.InviteAsync(socket, handle, cancellationToken);
            await using LoadViewer viewer = await LoadViewer.OpenAsync(
                server.Address, $"\"token\":\"{guest.Reveal()}\"", cancellationToken);
            long begun = Stopwatch.GetTimestamp();
            await socket.CallAsync(
                ShareSetup.MethodOf(handle, "revokeCapability"), $$"""{"cap_id":"{{guest.CapId}}"}""",
                cancellationToken);
            revocations.Add(Stopwatch.GetElapsedTime(begun));
        }
    }
}
