using System.Text.Json;
using ShareRpc.Benchmarks.Figures;
using ShareRpc.Benchmarks.Load;
using ShareRpc.Benchmarks.Servers;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Benchmarks.Cells;

/// <summary>
/// Redemptions, one after the other on a few connections. <c>first</c>: tokens that the server has not seen since its
/// start;
/// <c>again</c>: a token that it has; <c>passphrase</c>: a link with one; <c>grant</c>: the grant that such a link left
/// behind.
/// </summary>
internal static class RedeemCell
{
    public const string Name = "redeem";
    private const int PerConnection = 900;
    private const int Tokens = 100;
    private const int Redemptions = 800;
    private const int Passphrases = 9; // a server lets one address guess ten a minute; right ones do not count
    private const string Words = "open sesame";

    public static async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        IReadOnlyList<ServerUnderTest> servers = await bench.StartServersAsync(cancellationToken);
        try
        {
            var sides = new List<Side>();
            foreach (ServerUnderTest server in servers)
            {
                (ShareToken[] tokens, ShareToken locked) = await InviteAsync(bench, server, cancellationToken);
                sides.Add(new Side(server, tokens, locked));
            }

            for (int round = 0; round < bench.Options.Rounds; round++)
            {
                foreach (Side side in round % 2 == 0 ? sides : sides.AsEnumerable().Reverse())
                    await RunRoundAsync(bench, side, cancellationToken);
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

    private static async Task RunRoundAsync(Bench bench, Side side, CancellationToken cancellationToken)
    {
        (ServerUnderTest server, ShareToken[] tokens, ShareToken locked) = side;
        int count = bench.Options.Scale(Redemptions, 5);
        await server.RestartAsync(cancellationToken);
        await using (RpcSocket warm = await RpcSocket.ConnectAsync(server.Address, cancellationToken))
        {
            await warm.RedeemAsync(TokenOf(tokens[0]), cancellationToken);
        }

        await MeasureAsync(side.First, tokens.Length - 1, i => TokenOf(tokens[i + 1]));
        if (bench.Options.Includes("again"))
        {
            // Warm: the builds of a comparison took different times to come here.
            Func<bool> isSoon = bench.ForARound();
            var unseen = new CaseRun(Name, "warm", "redemptions/s");
            while (isSoon())
                await RedeemAsync(server, Tokens, unseen, _ => TokenOf(tokens[0]), cancellationToken);
        }

        await MeasureAsync(side.Again, count, _ => TokenOf(tokens[0]));
        string back = bench.Options.Includes("grant") ? await GrantAsync(server, locked, cancellationToken) : "";
        await MeasureAsync(side.Phrase, bench.Options.Scale(Passphrases, 2), _ => LockedOf(locked));
        await MeasureAsync(side.Grant, count, _ => back);

        async Task MeasureAsync(CaseRun run, int redemptions, Func<int, string> secret)
        {
            if (!bench.Options.Includes(run.Name)) return;
            await bench.RoundAsync(
                run, server, () => RedeemAsync(server, redemptions, run, secret, cancellationToken));
        }
    }

    /// <summary>A server, links to a share of it, and its rounds.</summary>
    private sealed record Side(ServerUnderTest Server, ShareToken[] Tokens, ShareToken Locked)
    {
        public CaseRun First { get; } = new(RedeemCell.Name, "first", "redemptions/s", Server.Name);

        public CaseRun Again { get; } = new(RedeemCell.Name, "again", "redemptions/s", Server.Name);

        public CaseRun Phrase { get; } = new(RedeemCell.Name, "passphrase", "redemptions/s", Server.Name);

        public CaseRun Grant { get; } = new(RedeemCell.Name, "grant", "redemptions/s", Server.Name);

        public IEnumerable<CaseRun> Runs => [First, Again, Phrase, Grant];
    }

    private static async Task<(ShareToken[] Tokens, ShareToken Locked)> InviteAsync(
        Bench bench, ServerUnderTest server, CancellationToken cancellationToken)
    {
        await using ShareSetup setup = await server.SetUpAsync(cancellationToken);
        (_, ShareToken owner) = await setup.CreateShareAsync(cancellationToken);
        await using RpcSocket socket = await RpcSocket.ConnectAsync(server.Address, cancellationToken);
        (long handle, _) = await socket.RedeemAsync(TokenOf(owner), cancellationToken);
        var tokens = new ShareToken[bench.Options.Scale(Tokens, 3)];
        for (int i = 0; i < tokens.Length; i++)
            tokens[i] = await ShareSetup.InviteAsync(socket, handle, cancellationToken);
        return (tokens, await ShareSetup.InviteAsync(socket, handle, cancellationToken, Words));
    }

    /// <summary>
    /// Returns what comes back to a locked link: a grant's token, or the link's own from a server that has no grants.
    /// </summary>
    private static async Task<string> GrantAsync(ServerUnderTest server, ShareToken locked,
        CancellationToken cancellationToken)
    {
        ShareToken grant = ShareToken.New(RandomId.New());
        string asked = $$""","grant":{"cap_id":"{{grant.CapId}}","token_digest":"{{grant.Digest}}"} }""";
        await using RpcSocket socket = await RpcSocket.ConnectAsync(server.Address, cancellationToken);
        (_, JsonElement result) = await socket.RedeemAsync(LockedOf(locked)[..^1] + asked, cancellationToken);
        return result.TryGetProperty("grant", out _) ? TokenOf(grant) : LockedOf(locked);
    }

    private static async Task<(double Work, double WireBytes)> RedeemAsync(
        ServerUnderTest server, int count, CaseRun run, Func<int, string> parametersOf,
            CancellationToken cancellationToken)
    {
        double bytes = 0;
        for (int done = 0; done < count;)
        {
            await using RpcSocket socket = await RpcSocket.ConnectAsync(server.Address, cancellationToken);
            for (int i = 0; i < PerConnection && done < count; i++, done++)
            {
                long begun = System.Diagnostics.Stopwatch.GetTimestamp();
                await socket.RedeemAsync(parametersOf(done), cancellationToken);
                run.Latencies.Add(System.Diagnostics.Stopwatch.GetElapsedTime(begun));
            }

            bytes += socket.Bytes;
        }

        return (count, bytes);
    }

    private static string LockedOf(ShareToken token) => $$"""{"token":"{{token.Reveal()}}","passphrase":"{{Words}}"}""";

    private static string TokenOf(ShareToken token) => $$"""{"token":"{{token.Reveal()}}"}""";
}
