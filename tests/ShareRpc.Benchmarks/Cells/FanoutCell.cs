using System.Diagnostics;
using System.Globalization;
using ShareRpc.Benchmarks.Figures;
using ShareRpc.Benchmarks.Load;
using ShareRpc.Benchmarks.Peers;
using ShareRpc.Benchmarks.Servers;

namespace ShareRpc.Benchmarks.Cells;

/// <summary>
/// One share, one writer, many viewers on connections of their own. <c>N@R</c>: R ops a second, one at a time; the
/// latency of a delivery is from the ack of its op, and from its sending in <c>from_send</c>. <c>N flat</c>: batches of
/// 100 in a closed loop; the rate is that of deliveries. In turns with it, the same ops in the same batches broadcast
/// by SignalR and over bare WebSockets, which store nothing.
/// </summary>
internal static class FanoutCell
{
    public const string Name = "fanout";
    private const int FlatBatch = 100;
    private static readonly (int Viewers, int Rate)[] Cases = [(100, 50), (1_000, 50), (100, 0), (1_000, 0)];

    public static async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        foreach ((int viewers, int rate) in Cases)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"{viewers}@{(rate == 0 ? "flat" : rate)}");
            if (bench.Options.Includes(name))
                await RunAsync(bench, name, bench.Options.Scale(viewers, 2), rate, cancellationToken);
        }
    }

    private static async Task RunAsync(Bench bench, string name, int count, int rate,
        CancellationToken cancellationToken)
    {
        const string Unit = "deliveries/s";
        var ours = new List<FanoutSide>();
        var peers = new List<FanoutSide>();
        try
        {
            foreach (ServerUnderTest server in await bench.StartServersAsync(cancellationToken))
            {
                ours.Add(new ShareSide(new CaseRun(Name, name, Unit, server.Name), server));
            }

            foreach (string kind in new[] { PeerProgram.SignalR, PeerProgram.WebSocket })
            {
                peers.Add(new PeerSide(new CaseRun(Name, name, Unit, kind),
                    await PeerServer.StartAsync(kind, cancellationToken)));
            }

            List<FanoutSide> sides = [.. ours, .. peers];
            foreach (FanoutSide side in sides) // warm
            {
                await RunRoundAsync(bench, side, new CaseRun(Name, name, Unit), new Latencies(), count, rate,
                    cancellationToken);
            }

            for (int round = 0; round < bench.Options.Rounds; round++)
            {
                foreach (FanoutSide side in round % 2 == 0 ? sides : sides.AsEnumerable().Reverse())
                {
                    await RunRoundAsync(bench, side, side.Run, side.FromSend, count, rate, cancellationToken);
                }
            }

            foreach (FanoutSide side in ours) NotePeers(side, peers);
            foreach (FanoutSide side in sides) Report(bench, side, count);
        }
        finally
        {
            await Bench.DisposeAsync([.. ours, .. peers]);
        }
    }

    /// <summary>
    /// The ratios to each peer: of the rates, the median of the rounds' own; of the latencies, ours after the commit to
    /// its after sending, since it commits nothing.
    /// </summary>
    private static void NotePeers(FanoutSide side, List<FanoutSide> peers)
    {
        foreach (FanoutSide peer in peers)
        {
            string kind = ((PeerServer)peer.Server).Kind;
            for (int i = 0; i < side.Run.Rounds.Count; i++)
            {
                side.Run.Note($"to_{kind}", side.Run.Rounds[i].Rate / peer.Run.Rounds[i].Rate);
            }

            side.Run.Note($"p99_to_{kind}", side.Run.Latencies.Percentile(0.99) / peer.FromSend.Percentile(0.99));
        }
    }

    private static void Report(Bench bench, FanoutSide side, int viewers)
    {
        side.Run.Note("from_send_p50_ms", side.FromSend.Percentile(0.5));
        side.Run.Note("from_send_p99_ms", side.FromSend.Percentile(0.99));
        side.Run.Note("viewers", viewers);
        bench.Report(side.Run);
    }

    /// <summary>
    /// One round with viewers of its own. They come before the writer: a client that does not receive answers no pings,
    /// and opening a thousand takes its time.
    /// </summary>
    private static async Task RunRoundAsync(
        Bench bench, FanoutSide side, CaseRun run, Latencies fromSend, int count, int rate,
        CancellationToken cancellationToken)
    {
        ILoadViewer[] viewers = await side.OpenViewersAsync(count, cancellationToken);
        try
        {
            await using ILoadWriter writer = await side.OpenWriterAsync(bench.Bodies, cancellationToken);
            await bench.RoundAsync(
                run, side.Server,
                () => DeliverAsync(bench, writer, viewers, rate, run.Latencies, fromSend, cancellationToken));
            side.Ended(writer.Sent);
        }
        finally
        {
            await Bench.DisposeAsync(viewers);
        }
    }

    private static async Task<(double Work, double WireBytes)> DeliverAsync(
        Bench bench, ILoadWriter writer, ILoadViewer[] viewers, int rate, Latencies fromAck, Latencies fromSend,
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
                () => viewer.FollowAsync(cursor => cursor < Interlocked.Read(ref end), Note, cancellationToken),
                cancellationToken))];
        Func<bool> goesOn = bench.ForARound();
        long begun = Stopwatch.GetTimestamp();
        while (goesOn())
        {
            if (rate > 0)
            {
                TimeSpan due =
                    TimeSpan.FromSeconds((writer.Sent - first) / (double)rate) - Stopwatch.GetElapsedTime(begun);
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
