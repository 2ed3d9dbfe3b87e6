using System.Diagnostics;
using ShareRpc.Benchmarks.Figures;

namespace ShareRpc.Benchmarks.Cells;

/// <summary>
/// When the ops of one writer were sent and acked, by cursor. One thread notes those, any thread deliveries.
/// </summary>
internal sealed class DeliveryTimes
{
    private const int Bound = 4_000_000;
    private readonly long[] sent = new long[Bound];
    private readonly long[] acked = new long[Bound];
    private readonly long first;
    private long sending;
    private long settled;

    public DeliveryTimes(long first) => this.first = sending = settled = first;

    /// <summary>Ops up to a cursor leave now.</summary>
    public void Sending(long upTo) => Fill(sent, ref sending, upTo);

    /// <summary>Ops up to a cursor are acked now.</summary>
    public void Acked(long upTo) => Fill(acked, ref settled, upTo);

    /// <summary>
    /// The ops after one cursor, up to another, arrived now. A viewer may have an op before its writer has the ack.
    /// </summary>
    public void Note(long after, long upTo, Latencies fromAck, Latencies fromSend)
    {
        long now = Stopwatch.GetTimestamp();
        for (long cursor = Math.Max(after, first) + 1; cursor <= upTo && cursor - first < Bound; cursor++)
        {
            long ack = Volatile.Read(ref acked[cursor - first]);
            fromAck.Add(ack == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(ack, now));
            fromSend.Add(Stopwatch.GetElapsedTime(Volatile.Read(ref sent[cursor - first]), now));
        }
    }

    private void Fill(long[] times, ref long from, long upTo)
    {
        long now = Stopwatch.GetTimestamp();
        for (long cursor = from + 1; cursor <= upTo && cursor - first < Bound; cursor++)
            Volatile.Write(ref times[cursor - first], now);
        from = upTo;
    }
}
