using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Attacks;

/// <summary>
/// Appends of one writer, one at a time, beside a flood of wrong tokens as fast as they come, and beside as many calls
/// of a method that is not there. In rounds, one after the other, so that both see the same machine; the first does not
/// count.
/// </summary>
internal static class WrongTokenRun
{
    public static async Task<WrongTokenFigures> RunAsync(int rounds, int appendsPerRound,
        CancellationToken cancellationToken)
    {
        await using MeasuredServer server = await MeasuredServer.StartAsync(cancellationToken);
        using RawConnection owner = await RawConnection.OpenAsync(server.Address, cancellationToken);
        long handle = await owner.RedeemAsync("redeemShare", "share", server.Owner.Reveal(), cancellationToken);
        var underTokens = new List<List<TimeSpan>>();
        var underCalls = new List<List<TimeSpan>>();
        var rates = new List<(double Tokens, double Calls)>();
        TimeSpan serverTime = TimeSpan.Zero;
        TimeSpan serverTimeUnderCalls = TimeSpan.Zero;
        TimeSpan ownTime = TimeSpan.Zero;
        TimeSpan wall = TimeSpan.Zero;
        TimeSpan wallUnderCalls = TimeSpan.Zero;
        for (int round = -1; round < rounds; round++)
        {
            if (round == 0)
            {
                // the round before was for both programs to warm up
                underTokens.Clear();
                underCalls.Clear();
                rates.Clear();
                serverTime = serverTimeUnderCalls = ownTime = wall = wallUnderCalls = TimeSpan.Zero;
            }

            // half of them for the ref that there is, half for none
            int turn = 0;
            var wrong = new Flood(server, "redeemShare", () => WrongToken(server, Interlocked.Increment(ref turn)),
                perSecond: null);
            (TimeSpan server0, TimeSpan own0, long at) =
                (server.ProcessorTime, OwnTime, TimeProvider.System.GetTimestamp());
            underTokens.Add(await AppendBesideAsync(wrong, owner, handle, appendsPerRound, cancellationToken));
            double tokens = wrong.Rate;
            serverTime += server.ProcessorTime - server0;
            ownTime += OwnTime - own0;
            wall += TimeProvider.System.GetElapsedTime(at);
            var trivial = new Flood(server, "nothing", () => "{}", tokens);
            (server0, at) = (server.ProcessorTime, TimeProvider.System.GetTimestamp());
            underCalls.Add(await AppendBesideAsync(trivial, owner, handle, appendsPerRound, cancellationToken));
            serverTimeUnderCalls += server.ProcessorTime - server0;
            wallUnderCalls += TimeProvider.System.GetElapsedTime(at);
            rates.Add((tokens, trivial.Rate));
        }

        double[] ratios =
            [.. underTokens.Zip(underCalls,
                (tokens, calls) => Percentiles.Of(tokens).P99 / Percentiles.Of(calls).P99).Order()];
        return new WrongTokenFigures(
            Math.Round(rates.Average(rate => rate.Tokens)), Math.Round(rates.Average(rate => rate.Calls)),
            Math.Round(serverTime / wall, 2), Math.Round(serverTimeUnderCalls / wallUnderCalls, 2),
            Math.Round(ownTime / wall, 2),
            Percentiles.Of(underTokens.SelectMany(times => times)),
            Percentiles.Of(underCalls.SelectMany(times => times)),
            Math.Round(ratios[(ratios.Length - 1) / 2], 2));
    }

    private static TimeSpan OwnTime => System.Diagnostics.Process.GetCurrentProcess().TotalProcessorTime;

    private static string WrongToken(MeasuredServer server, int turn) =>
        $$"""{"token":"{{ShareToken.New(turn % 2 == 0 ? server.Owner.CapId : RandomId.New()).Reveal()}}"}""";

    private static async Task<List<TimeSpan>> AppendBesideAsync(
        Flood flood, RawConnection owner, long handle, int appends, CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task flooding = flood.RunAsync(ended.Token);
        await flood.IsUnderWay.WaitAsync(cancellationToken);
        var times = new List<TimeSpan>();
        for (int i = 0; i < appends; i++)
        {
            long at = TimeProvider.System.GetTimestamp();
            await owner.CallAsync(handle, "appendOps", $$"""
                {"batch_id":"b","ops":[{"op_id":"{{OpId.New()}}","verb":"put","kind":"part","key":"k","data":{} }]}
                """, cancellationToken);
            times.Add(TimeProvider.System.GetElapsedTime(at));
        }

        await ended.CancelAsync();
        await flooding;
        return times;
    }
}
