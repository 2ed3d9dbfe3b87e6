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
/// redemption by token, first page, on a server that was killed and started again; <c>links</c>: the same, each with a
/// link of its own, a fourth as many; <c>library</c>: readers of the client library that were following when it was
/// killed, from the moment it listens again until each has the next op. <c>to_bare</c> is the ratio of the times.
/// </summary>
internal static class StormCell
{
    public const string Name = "storm";
    private const int Viewers = 2_000;
    private const int AtOnce = 128;
    private const int LinkPart = 4;

    public static async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        int count = bench.Options.Scale(Viewers, 5);
        IReadOnlyList<ServerUnderTest> servers = await bench.StartServersAsync(cancellationToken);
        try
        {
            var sides = new List<Side>();
            foreach (ServerUnderTest server in servers)
                sides.Add(await Side.OpenAsync(bench, server, count, cancellationToken));
            for (int round = 0; round < bench.Options.Rounds; round++)
            {
                foreach (Side side in round % 2 == 0 ? sides : sides.AsEnumerable().Reverse())
                    await RunRoundAsync(bench, side, count, cancellationToken);
            }

            foreach (CaseRun run in sides.SelectMany(side => side.Runs))
            {
                if (run.Rounds.Count > 0) bench.Report(run);
            }
        }
        finally
        {
            await Bench.DisposeAsync(servers);
        }
    }

    private static async Task RunRoundAsync(Bench bench, Side side, int count, CancellationToken cancellationToken)
    {
        ServerUnderTest server = side.Server;
        await server.RestartAsync(cancellationToken);
        await bench.RoundAsync(
            side.Bare, server, () => ShakeHandsAsync(server, count, side.Bare, cancellationToken));
        if (bench.Options.Includes("redeem")) await RedeemAsync(side.Redeem, [side.Viewer], count);
        if (bench.Options.Includes("links")) await RedeemAsync(side.Links, side.Tokens, side.Tokens.Length);
        if (!bench.Options.Includes("library")) return;
        var link = new ShareLink(server.Address, side.ShareId, side.Viewer);
        await ReconnectAsync(bench, server, side.Owner, link, count, side.Library, cancellationToken);
        NoteBare(side.Library);

        async Task RedeemAsync(CaseRun run, ShareToken[] tokens, int viewers)
        {
            await server.RestartAsync(cancellationToken);
            await bench.RoundAsync(
                run, server, () => StormCell.RedeemAsync(server, tokens, viewers, run, cancellationToken));
            NoteBare(run);
        }

        void NoteBare(CaseRun run) => run.Note("to_bare", side.Bare.Rounds[^1].Rate / run.Rounds[^1].Rate);
    }

    /// <summary>A server, a share of it with its links, and its rounds.</summary>
    private sealed record Side(
        ServerUnderTest Server, string ShareId, ShareToken Owner, ShareToken Viewer, ShareToken[] Tokens)
    {
        public CaseRun Bare { get; } = new(StormCell.Name, "bare", "viewers/s", Server.Name);

        public CaseRun Redeem { get; } = new(StormCell.Name, "redeem", "viewers/s", Server.Name);

        public CaseRun Links { get; } = new(StormCell.Name, "links", "viewers/s", Server.Name);

        public CaseRun Library { get; } = new(StormCell.Name, "library", "viewers/s", Server.Name);

        public IEnumerable<CaseRun> Runs => [Bare, Redeem, Links, Library];

        public static async Task<Side> OpenAsync(
            Bench bench, ServerUnderTest server, int count, CancellationToken cancellationToken)
        {
            await using ShareSetup setup = await server.SetUpAsync(cancellationToken);
            (string shareId, ShareToken owner) = await setup.CreateShareAsync(cancellationToken);
            var tokens = new ShareToken[bench.Options.Includes("links") ? count / LinkPart : 0];
            await using RpcSocket socket = await RpcSocket.ConnectAsync(server.Address, cancellationToken);
            (long handle, _) = await socket.RedeemAsync($$"""{"token":"{{owner.Reveal()}}"}""", cancellationToken);
            for (int i = 0; i < tokens.Length; i++)
                tokens[i] = await ShareSetup.InviteAsync(socket, handle, cancellationToken);
            ShareToken viewer = await ShareSetup.InviteAsync(socket, handle, cancellationToken);
            return new Side(server, shareId, owner, viewer, tokens);
        }
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
        ServerUnderTest server, ShareToken[] tokens, int count, CaseRun run, CancellationToken cancellationToken)
    {
        var viewers = new LoadViewer[count];
        string[] secrets = [.. tokens.Select(token => $$"""
            "token":"{{token.Reveal()}}","read":{"after":0}
            """)];
        await ManyAsync(count, async (i, cancel) =>
        {
            long begun = Stopwatch.GetTimestamp();
            viewers[i] = await LoadViewer.OpenAsync(server.Address, secrets[i % secrets.Length], cancel);
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
