using System.Diagnostics;
using ShareRpc.Benchmarks.Figures;
using ShareRpc.Benchmarks.Load;
using ShareRpc.Benchmarks.Servers;
using ShareRpc.Client.Reading;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Benchmarks.Cells;

/// <summary>
/// Everybody comes back at once. <c>bare</c>: WebSocket handshakes and nothing else; <c>redeem</c>: handshake,
/// redemption by token, first page, on a server that was killed and started again; <c>library</c>: readers of the
/// client library that were following when it was killed, from the moment it listens again until each has the next op.
/// <c>to_bare</c> is the ratio of the times.
/// </summary>
internal static class StormCell
{
    public const string Name = "storm";
    private const int Viewers = 2_000;
    private const int AtOnce = 128;

    public static async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        int count = bench.Options.Scale(Viewers, 5);
        foreach (ServerUnderTest server in await bench.StartServersAsync(cancellationToken))
        {
            await using (server) await RunAsync(bench, server, count, cancellationToken);
        }
    }

    private static async Task RunAsync(Bench bench, ServerUnderTest server, int count,
        CancellationToken cancellationToken)
    {
        CaseRun bare = new(Name, "bare", "viewers/s", server.Name),
        redeem = new(Name, "redeem", "viewers/s", server.Name);
        CaseRun library = new(Name, "library", "viewers/s", server.Name);
        ShareToken owner, viewer;
        string shareId;
        await using (ShareSetup setup = await server.SetUpAsync(cancellationToken))
        {
            (shareId, owner) = await setup.CreateShareAsync(cancellationToken);
            viewer = await ShareSetup.InviteAsync(server.Address, owner, cancellationToken);
        }

        for (int round = 0; round < bench.Options.Rounds; round++)
        {
            await server.RestartAsync(cancellationToken);
            await bench.RoundAsync(bare, server, () => ShakeHandsAsync(server, count, bare, cancellationToken));
            await server.RestartAsync(cancellationToken);
            await bench.RoundAsync(redeem, server, () => RedeemAsync(server, viewer, count, redeem, cancellationToken));
            await ReconnectAsync(bench, server, owner, new ShareLink(server.Address, shareId, viewer), count, library,
                cancellationToken);
            redeem.Note("to_bare", bare.Rounds[^1].Rate / redeem.Rounds[^1].Rate);
            library.Note("to_bare", bare.Rounds[^1].Rate / library.Rounds[^1].Rate);
        }

        bench.Report(bare);
        bench.Report(redeem);
        bench.Report(library);
    }

    private static async Task<(double Work, double WireBytes)> ShakeHandsAsync(
        ServerUnderTest server, int count, CaseRun run, CancellationToken cancellationToken)
    {
        var sockets = new RpcSocket[count];
        await ManyAsync(count, async (i, cancel) =>
        {
            long begun = Stopwatch.GetTimestamp();
            sockets[i] = await RpcSocket.ConnectAsync(server.Address, cancel);
            run.Latencies.Add(Stopwatch.GetElapsedTime(begun));
        }, cancellationToken);
        await Bench.DisposeAsync(sockets);
        return (count, 0);
    }

    private static async Task<(double Work, double WireBytes)> RedeemAsync(
        ServerUnderTest server, ShareToken token, int count, CaseRun run, CancellationToken cancellationToken)
    {
        var viewers = new LoadViewer[count];
        string secret = $$"""
            "token":"{{token.Reveal()}}","read":{"after":0}
            """;
        await ManyAsync(count, async (i, cancel) =>
        {
            long begun = Stopwatch.GetTimestamp();
            viewers[i] = await LoadViewer.OpenAsync(server.Address, secret, cancel);
            run.Latencies.Add(Stopwatch.GetElapsedTime(begun));
        }, cancellationToken);
        await Bench.DisposeAsync(viewers);
        return (count, viewers.Sum(viewer => viewer.Socket.Bytes));
    }

    private static async Task ReconnectAsync(
        Bench bench, ServerUnderTest server, ShareToken owner, ShareLink link, int count, CaseRun run,
        CancellationToken cancellationToken)
    {
        long head = await AppendAsync(bench, server, owner, cancellationToken);
        var readers = new ShareReader[count];
        var first = new Task<bool>[count];
        var following = new IAsyncEnumerator<LoggedOp>[count];
        try
        {
            await ManyAsync(count, async (i, cancel) =>
            {
                readers[i] = new ShareReader(link);
                following[i] =
                    readers[i].FollowAsync(head - 1, cancellationToken).GetAsyncEnumerator(cancellationToken);
                await following[i].MoveNextAsync();
                first[i] = following[i].MoveNextAsync().AsTask();
            }, cancellationToken);
            await bench.RoundAsync(run, server, async () =>
            {
                await AppendAsync(bench, server, owner, cancellationToken);
                await Task.WhenAll(first);
                return (count, 0);
            }, prepare: () => server.RestartAsync(cancellationToken));
        }
        finally
        {
            await Task.WhenAll(first.OfType<Task>()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            foreach (IAsyncEnumerator<LoggedOp> reader in following.OfType<IAsyncEnumerator<LoggedOp>>())
                await reader.DisposeAsync();
            await Bench.DisposeAsync(readers.OfType<IAsyncDisposable>());
        }
    }

    /// <summary>One op, without a writer; the share's head.</summary>
    private static async Task<long> AppendAsync(
        Bench bench, ServerUnderTest server, ShareToken owner, CancellationToken cancellationToken)
    {
        await using LoadWriter writer =
            await LoadWriter.OpenAsync(server.Address, owner, bench.Bodies, 1, cancellationToken);
        return await writer.AppendForCursorAsync(cancellationToken);
    }

    private static Task ManyAsync(int count, Func<int, CancellationToken, ValueTask> body,
        CancellationToken cancellationToken) =>
        Parallel.ForAsync(0, count,
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, body);
}
