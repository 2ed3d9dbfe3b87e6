using System.Diagnostics;
using System.Globalization;
using ShareRpc.Benchmarks.Figures;
using ShareRpc.Benchmarks.Load;
using ShareRpc.Benchmarks.Servers;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Benchmarks.Cells;

/// <summary>
/// One share, one writer, many viewers on connections of their own. <c>N@R</c>: R ops a second, one at a time; the latency of a delivery
/// is from the ack of its op, and from its sending in <c>from_send</c>. <c>N flat</c>: batches of 100 in a closed loop; the rate is that of
/// deliveries.
/// </summary>
internal static class FanoutCell
{
    public const string Name = "fanout";
    private const int AtOnce = 64;
    private const int FlatBatch = 100;
    private static readonly (int Viewers, int Rate)[] Cases = [(100, 50), (1_000, 50), (100, 0), (1_000, 0)];

    public static async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        foreach ((int viewers, int rate) in Cases)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"{viewers}@{(rate == 0 ? "flat" : rate)}");
            if (!bench.Options.Includes(name)) continue;
            foreach (ServerUnderTest server in await bench.StartServersAsync(cancellationToken))
            {
                await using (server) await RunAsync(bench, server, name, bench.Options.Scale(viewers, 2), rate, cancellationToken);
            }
        }
    }

    private static async Task RunAsync(
        Bench bench, ServerUnderTest server, string name, int count, int rate, CancellationToken cancellationToken)
    {
        await using ShareSetup setup = await server.SetUpAsync(cancellationToken);
        (_, ShareToken owner) = await setup.CreateShareAsync(cancellationToken);
        ShareToken viewer = await ShareSetup.InviteAsync(server.Address, owner, cancellationToken);
        LoadViewer[] viewers = await LoadViewer.OpenManyAsync(
            server.Address, $"\"token\":\"{viewer.Reveal()}\"", count, AtOnce, cancellationToken);
        try
        {
            // After the viewers: a client that does not receive answers no pings, and opening a thousand takes its time.
            await using LoadWriter writer = await LoadWriter.OpenAsync(server.Address, owner, bench.Bodies, 100, cancellationToken);
            var run = new CaseRun(Name, name, "deliveries/s", server.Name);
            var fromSend = new Latencies();
            for (int round = 0; round < bench.Options.Rounds; round++)
            {
                await bench.RoundAsync(
                    run, server, () => RunRoundAsync(bench, writer, viewers, rate, run.Latencies, fromSend, cancellationToken));
            }

            run.Note("from_send_p50_ms", fromSend.Percentile(0.5));
            run.Note("from_send_p99_ms", fromSend.Percentile(0.99));
            run.Note("viewers", count);
            bench.Report(run);
        }
        finally
        {
            await Bench.DisposeAsync(viewers);
        }
    }

    private static async Task<(double Work, double WireBytes)> RunRoundAsync(
        Bench bench, LoadWriter writer, LoadViewer[] viewers, int rate, Latencies fromAck, Latencies fromSend,
        CancellationToken cancellationToken)
    {
        long bytes = viewers.Sum(viewer => viewer.Socket.Bytes);
        long first = writer.Sent;
        var times = new DeliveryTimes(first);
        long end = long.MaxValue;
        long delivered = 0;

        void Note(long after, long upTo)
        {
            Interlocked.Add(ref delivered, upTo - after);
            times.Note(after, upTo, fromAck, fromSend);
        }

        Task[] following =
            [.. viewers.Select(viewer => Task.Run(
                () => viewer.FollowAsync(cursor => cursor < Interlocked.Read(ref end), Note, cancellationToken), cancellationToken))];
        Func<bool> goesOn = bench.ForARound();
        long begun = Stopwatch.GetTimestamp();
        while (goesOn())
        {
            if (rate > 0)
            {
                TimeSpan due = TimeSpan.FromSeconds((writer.Sent - first) / (double)rate) - Stopwatch.GetElapsedTime(begun);
                if (due > TimeSpan.Zero) await Task.Delay(due, TimeProvider.System, cancellationToken);
            }

            int batch = rate > 0 ? 1 : FlatBatch;
            times.Sending(writer.Sent + batch);
            await writer.AppendAsync(batch, cancellationToken);
            times.Acked(writer.Sent);
        }

        // Whoever has read so far still waits for a next op: this one ends the round for all.
        Interlocked.Exchange(ref end, writer.Sent + 1);
        times.Sending(writer.Sent + 1);
        await writer.AppendAsync(1, cancellationToken);
        times.Acked(writer.Sent);
        await Task.WhenAll(following);
        return (delivered, viewers.Sum(viewer => viewer.Socket.Bytes) - bytes);
    }
}
