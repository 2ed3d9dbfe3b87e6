using System.Diagnostics.Metrics;
using ShareRpc.Client.Writing.Outbox;

namespace ShareRpc.Client.Diagnostics;

/// <summary>Depth and age of an outbox, read when somebody looks; over all shares, without labels.</summary>
internal sealed class ClientGauges : IDisposable
{
    private readonly Meter meter = new("ShareRpc");
    private readonly Dictionary<long, (long Row, long Since)> oldest = [];
    private readonly OutboxFile outbox;
    private readonly TimeProvider time;

    public ClientGauges(OutboxFile outbox, TimeProvider time)
    {
        (this.outbox, this.time) = (outbox, time);
        meter.CreateObservableUpDownCounter(
            "sharerpc.outbox.ops",
            () => Sum(share => outbox.Count(share) is var count ? count.Pending + count.InFlight : 0),
            "{op}", "Ops that wait to be sent or acknowledged");
        meter.CreateObservableUpDownCounter(
            "sharerpc.outbox.refused", () => Sum(share => outbox.Count(share).Failed), "{op}",
            "Ops that the server refused for good");
        meter.CreateObservableGauge(
            "sharerpc.outbox.age", ReadAge, "s", "How long the oldest queued op has been seen to wait");
    }

    public void Dispose() => meter.Dispose();

    private long Sum(Func<long, long> count) => outbox.ListShares().Sum(share => count(share.Key));

    private double ReadAge()
    {
        lock (oldest)
        {
            long now = time.GetTimestamp();
            foreach (OutboxShare share in outbox.ListShares())
            {
                if (outbox.Queue.FirstUnacked(share.Key, 0) is not { } first) oldest.Remove(share.Key);
                else if (!oldest.TryGetValue(share.Key, out (long Row, long Since) seen) || seen.Row != first.Seq)
                    oldest[share.Key] = (first.Seq, now);
            }

            return oldest.Count == 0 ? 0 : oldest.Values.Max(seen => time.GetElapsedTime(seen.Since, now).TotalSeconds);
        }
    }
}
