using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using ShareRpc.EndToEndTests.Harness;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Attacks;

/// <summary>What was seen in a siege.</summary>
/// <param name="Seconds">How long attackers were at work.</param>
/// <param name="QuietP99">Of the appends of an honest writer without attackers, in ms; median of the rounds.</param>
/// <param name="SiegeP99">Beside all attackers.</param>
/// <param name="Ratio">Of the two in each round; the median.</param>
/// <param name="Appends">Of the honest writer beside them.</param>
/// <param name="LargeAppends">Ops of 8 MiB that got through, one at a time.</param>
/// <param name="LargestWaitSeconds">The longest time that one of these took, tries included.</param>
/// <param name="IdleMegabytes">Resident before the attackers came.</param>
/// <param name="MostMegabytes">The most resident while they were there.</param>
/// <param name="BoundMegabytes">Idle, and 1.2 times the budget.</param>
/// <param name="ServerCores">Processor time of the server a second of the siege.</param>
/// <param name="AttackerCores">That of the attackers.</param>
internal sealed record SiegeFigures(
    double Seconds, double QuietP99, double SiegeP99, double Ratio, int Appends, int LargeAppends,
    double LargestWaitSeconds, double IdleMegabytes, double MostMegabytes, double BoundMegabytes, double ServerCores,
    double AttackerCores)
{
    /// <summary>
    /// Gets whether the aims are met. Of the ratio a short run has too few rounds: it shows that nobody was held up.
    /// </summary>
    public bool IsPassed => Ratio <= (Seconds >= 300 ? 3 : 10) && MostMegabytes <= BoundMegabytes && LargeAppends > 0;
}

/// <summary>
/// One honest writer beside all attackers of <see cref="Besieger"/>. Rounds without and with them take turns, so that
/// both see the same machine.
/// </summary>
internal sealed class SiegeRun : IDisposable
{
    private const int Budget = 256;
    private const int Connections = 600;
    private const double Megabyte = 1024 * 1024;
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Start = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(4);
    private readonly MeasuredServer server;
    private readonly RawConnection owner;
    private readonly long handle;
    private readonly string attacks;
    private readonly List<(double Quiet, double Siege)> rounds = [];
    private int appends;
    private int large;
    private TimeSpan longest;

    private SiegeRun(MeasuredServer server, RawConnection owner, long handle, string attacks) =>
        (this.server, this.owner, this.handle, this.attacks) = (server, owner, handle, attacks);

    public static async Task<SiegeFigures> RunAsync(int seconds, string attacks, TextWriter log,
        CancellationToken ended)
    {
        await using MeasuredServer server = await MeasuredServer.StartAsync(ended,
            "--memory-budget", $"{Budget}", "--connections", $"{Connections}");
        RawConnection owner = await RawConnection.OpenAsync(server.Address, ended);
        long handle = await owner.RedeemAsync("redeemShare", "share", server.Owner.Reveal(), ended);
        using var run = new SiegeRun(server, owner, handle, attacks);
        return await run.RunAsync(TimeSpan.FromSeconds(seconds), log, ended);
    }

    public void Dispose() => owner.Dispose();

    private async Task<SiegeFigures> RunAsync(TimeSpan time, TextWriter log, CancellationToken ended)
    {
        string reader = await InviteAsync("read", "{}", ended), limited =
            await InviteAsync("append", """{"max_ops_per_day":1}""", ended);
        await LargeAppendAsync(ended); // there is something to read, and both programs are warm
        await AppendForAsync(Quiet, ended);
        double idle = server.ResidentBytes / Megabyte, most = 0;
        TimeSpan each = time < TimeSpan.FromMinutes(2) ? time / 2 : TimeSpan.FromSeconds(60);
        TimeSpan besieged = TimeSpan.Zero, serverTime = TimeSpan.Zero, attackerTime = TimeSpan.Zero;
        while (besieged < time)
        {
            double quiet = Percentiles.Of(await AppendForAsync(Quiet, ended)).P99;
            long began = TimeProvider.System.GetTimestamp();
            TimeSpan before = server.ProcessorTime;
            await using (Tool attackers = HarnessProgram.Start(null, "besieger", "--server", $"{server.Address}",
                "--share", server.ShareId, "--reader", reader, "--limited", limited, "--connections", $"{Connections}",
                "--attacks", attacks))
            {
                using var over = CancellationTokenSource.CreateLinkedTokenSource(ended);
                Task<double> watching = WatchAsync(over.Token);
                Task sending = LargeAppendsAsync(each, ended);
                await AppendForAsync(Start, ended); // a process that starts takes more than half a core
                List<TimeSpan> times = await AppendForAsync(each, ended);
                appends += times.Count;
                rounds.Add((quiet, Percentiles.Of(times).P99));
                attackerTime += MeasuredServer.ProcessorTimeOf(attackers.Id);
                await over.CancelAsync();
                most = Math.Max(most, await watching);
                if (attackers.HasExited) throw new InvalidOperationException(attackers.Errors);
                besieged += TimeProvider.System.GetElapsedTime(began);
                serverTime += server.ProcessorTime - before;
                await sending;
            }

            await log.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
                $"p99 {rounds[^1].Quiet:f1} and {rounds[^1].Siege:f1} ms, at most {most:f0} MB, {large} large ops"));
        }

        return new SiegeFigures(
            Math.Round(besieged.TotalSeconds), Median(rounds.Select(round => round.Quiet)),
            Median(rounds.Select(round => round.Siege)), Median(rounds.Select(round => round.Siege / round.Quiet)),
            appends, large, Math.Round(longest.TotalSeconds, 1), Math.Round(idle), Math.Round(most),
            Math.Round(idle + (1.2 * Budget)), Math.Round(serverTime / besieged, 2),
            Math.Round(attackerTime / besieged, 2));
    }

    private static double Median(IEnumerable<double> numbers)
    {
        double[] sorted = [.. numbers.Order()];
        return Math.Round(sorted[sorted.Length / 2], 2);
    }

    private async Task<string> InviteAsync(string right, string caveats, CancellationToken ended)
    {
        ShareToken token = ShareToken.New(RandomId.New());
        await owner.CallAsync(handle, "attenuate", $$"""
            {"cap_id":"{{token.CapId}}","token_digest":"{{token.Digest}}","rights":["{{right}}"],"caveats":{{caveats}}}
            """, ended);
        return token.Reveal();
    }

    /// <summary>One append after the other, and how long each took.</summary>
    private async Task<List<TimeSpan>> AppendForAsync(TimeSpan time, CancellationToken ended)
    {
        var times = new List<TimeSpan>();
        long began = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(began) < time)
        {
            long at = TimeProvider.System.GetTimestamp();
            await owner.CallAsync(handle, "appendOps", $$"""
                {"batch_id":"b","ops":[{"op_id":"{{OpId.New()}}","verb":"put","kind":"part","key":"k","data":{} }]}
                """, ended);
            times.Add(TimeProvider.System.GetElapsedTime(at));
            await Task.Delay(Beat, TimeProvider.System, ended);
        }

        return times;
    }

    private async Task LargeAppendsAsync(TimeSpan time, CancellationToken ended)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(began) < time)
        {
            long at = TimeProvider.System.GetTimestamp();
            await LargeAppendAsync(ended);
            TimeSpan took = TimeProvider.System.GetElapsedTime(at);
            if (took > longest) longest = took;
            large++;
            await Task.Delay(TimeSpan.FromSeconds(10), TimeProvider.System, ended);
        }
    }

    /// <summary>8 MiB from a connection of its own, again until they are taken.</summary>
    private async Task LargeAppendAsync(CancellationToken ended)
    {
        string data = $$"""{"text":"{{new string('x', 8_388_000)}}"}""";
        string op = $$"""{"op_id":"{{OpId.New()}}","verb":"put","kind":"part","key":"large","data":{{data}} }""";
        while (true)
        {
            try
            {
                (WebSocket socket, string number) =
                    await BoundSocket.RedeemAsync(server.Address, IPAddress.Loopback, server.Owner.Reveal(), "", ended);
                using (socket)
                {
                    await BoundSocket.SendAsync(socket, $$"""
                        {"jsonrpc":"2.0","id":1,"method":"$/invokeProxy/{{number}}/appendOps","params":
                        {"batch_id":"l","ops":[{{op}}]} }
                        """, ended);
                    string answer = await BoundSocket.ReceiveAsync(socket, ended);
                    if (answer.Contains("\"rejected\":[{", StringComparison.Ordinal))
                        throw new InvalidOperationException(answer);
                    if (answer.Contains("\"applied\":[{", StringComparison.Ordinal)
                        || answer.Contains("\"duplicates\":[{", StringComparison.Ordinal)) return;
                }
            }
            catch (Exception refused) when (refused is IOException or WebSocketException
                or System.Net.Sockets.SocketException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, ended);
            }
        }
    }

    /// <summary>The most that is resident until cancelled, in megabytes.</summary>
    private async Task<double> WatchAsync(CancellationToken over)
    {
        double most = 0;
        while (!over.IsCancellationRequested)
        {
            most = Math.Max(most, server.ResidentBytes / Megabyte);
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, CancellationToken.None);
        }

        return most;
    }
}
