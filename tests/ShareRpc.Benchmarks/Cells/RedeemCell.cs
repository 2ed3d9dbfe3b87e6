using ShareRpc.Benchmarks.Figures;
using ShareRpc.Benchmarks.Load;
using ShareRpc.Benchmarks.Servers;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Benchmarks.Cells;

/// <summary>
/// Redemptions, one after the other on a few connections. <c>first</c>: tokens that the server has not seen since its start, which
/// Argon2 checks; <c>again</c>: a token that it has; <c>ticket</c>: with the ticket of the redemption before.
/// </summary>
internal static class RedeemCell
{
    public const string Name = "redeem";
    private const int PerConnection = 900;
    private const int Tokens = 100;
    private const int Redemptions = 800;

    public static async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        foreach (ServerUnderTest server in await bench.StartServersAsync(cancellationToken))
        {
            await using (server) await RunAsync(bench, server, cancellationToken);
        }
    }

    private static async Task RunAsync(Bench bench, ServerUnderTest server, CancellationToken cancellationToken)
    {
        ShareToken[] tokens = await InviteAsync(bench, server, cancellationToken);
        CaseRun first = new(Name, "first", "redemptions/s", server.Name), again = new(Name, "again", "redemptions/s", server.Name);
        CaseRun ticket = new(Name, "ticket", "redemptions/s", server.Name);
        int count = bench.Options.Scale(Redemptions, 5);
        for (int round = 0; round < bench.Options.Rounds; round++)
        {
            await server.RestartAsync(cancellationToken);
            await using (RpcSocket warm = await RpcSocket.ConnectAsync(server.Address, cancellationToken))
            {
                await warm.RedeemAsync(TokenOf(tokens[0]), cancellationToken);
            }

            await bench.RoundAsync(first, server, () => RedeemAsync(
                server, tokens.Length - 1, first, (i, _) => TokenOf(tokens[i + 1]), cancellationToken));
            await bench.RoundAsync(again, server, () => RedeemAsync(server, count, again, (_, _) => TokenOf(tokens[0]), cancellationToken));
            await bench.RoundAsync(ticket, server, () => RedeemAsync(
                server, count, ticket, (_, last) => last is null ? TokenOf(tokens[0]) : $$"""{"ticket":"{{last}}"}""", cancellationToken));
        }

        bench.Report(first);
        bench.Report(again);
        bench.Report(ticket);
    }

    private static async Task<ShareToken[]> InviteAsync(Bench bench, ServerUnderTest server, CancellationToken cancellationToken)
    {
        await using ShareSetup setup = await server.SetUpAsync(cancellationToken);
        (_, ShareToken owner) = await setup.CreateShareAsync(cancellationToken);
        await using RpcSocket socket = await RpcSocket.ConnectAsync(server.Address, cancellationToken);
        (long handle, _) = await socket.RedeemAsync(TokenOf(owner), cancellationToken);
        var tokens = new ShareToken[bench.Options.Scale(Tokens, 3)];
        for (int i = 0; i < tokens.Length; i++) tokens[i] = await ShareSetup.InviteAsync(socket, handle, cancellationToken);
        return tokens;
    }

    private static async Task<(double Work, double WireBytes)> RedeemAsync(
        ServerUnderTest server, int count, CaseRun run, Func<int, string?, string> parametersOf, CancellationToken cancellationToken)
    {
        double bytes = 0;
        string? ticket = null;
        for (int done = 0; done < count;)
        {
            await using RpcSocket socket = await RpcSocket.ConnectAsync(server.Address, cancellationToken);
            for (int i = 0; i < PerConnection && done < count; i++, done++)
            {
                long begun = System.Diagnostics.Stopwatch.GetTimestamp();
                (_, var result) = await socket.RedeemAsync(parametersOf(done, ticket), cancellationToken);
                run.Latencies.Add(System.Diagnostics.Stopwatch.GetElapsedTime(begun));
                ticket = result.GetProperty("ticket").GetString();
            }

            bytes += socket.Bytes;
        }

        return (count, bytes);
    }

    private static string TokenOf(ShareToken token) => $$"""{"token":"{{token.Reveal()}}"}""";
}
