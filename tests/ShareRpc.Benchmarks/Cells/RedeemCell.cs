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
        foreach (ServerUnderTest server in await bench.StartServersAsync(cancellationToken))
        {
            await using (server) await RunAsync(bench, server, cancellationToken);
        }
    }

    private static async Task RunAsync(Bench bench, ServerUnderTest server, CancellationToken cancellationToken)
    {
        (ShareToken[] tokens, ShareToken locked) = await InviteAsync(bench, server, cancellationToken);
        CaseRun first = new(Name, "first", "redemptions/s", server.Name),
        again = new(Name, "again", "redemptions/s", server.Name);
        CaseRun phrase = new(Name, "passphrase", "redemptions/s", server.Name),
            grant = new(Name, "grant", "redemptions/s", server.Name);
        int count = bench.Options.Scale(Redemptions, 5);
        for (int round = 0; round < bench.Options.Rounds; round++)
        {
            await server.RestartAsync(cancellationToken);
            await using (RpcSocket warm = await RpcSocket.ConnectAsync(server.Address, cancellationToken))
            {
                await warm.RedeemAsync(TokenOf(tokens[0]), cancellationToken);
            }

            await bench.RoundAsync(first, server, () => RedeemAsync(
                server, tokens.Length - 1, first, i => TokenOf(tokens[i + 1]), cancellationToken));
            await bench.RoundAsync(again, server,
                () => RedeemAsync(server, count, again, _ => TokenOf(tokens[0]), cancellationToken));
            string back = await GrantAsync(server, locked, cancellationToken);
            await bench.RoundAsync(phrase, server, () => RedeemAsync(
                server, bench.Options.Scale(Passphrases, 2), phrase, _ => LockedOf(locked), cancellationToken));
            await bench.RoundAsync(grant, server,
                () => RedeemAsync(server, count, grant, _ => back, cancellationToken));
        }

        bench.Report(first);
        bench.Report(again);
        bench.Report(phrase);
        bench.Report(grant);
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
