using ShareRpc.Client;
using ShareRpc.Client.Writing;

namespace ShareRpc.Cli.Sharing;

internal sealed record SharingTotals(int Sessions, long Pending, long InFlight, long Acked, long Failed, long Cursor,
    ConnectionState Connection, long Redacted = 0)
{
    public bool IsDrained => Pending + InFlight == 0;

    public static SharingTotals Of(IEnumerable<SharedSession> sessions)
    {
        List<SharedSession> known = [.. sessions];
        List<WriterStatus> all = [.. known.Select(session => session.Status)];
        return new SharingTotals(
            all.Count, all.Sum(status => status.Pending), all.Sum(status => status.InFlight),
            all.Sum(status => status.Acked),
            known.Sum(session => session.Failed), all.Sum(status => status.Cursor), all.Count == 0
                ? ConnectionState.Idle : all[0].Connection,
            known.Sum(session => session.Redacted));
    }

    public override string ToString()
    {
        string connection = Connection switch
        {
            ConnectionState.Connected => "connected",
            ConnectionState.Connecting => "connecting…",
            _ => "idle",
        };
        return $"{Sessions} shared · pending {Pending} · in flight {InFlight} · acked {Acked} · failed {Failed} · "
            + $"cursor {Cursor} "
            + $"· {(Redacted > 0 ? $"redacted {Redacted} · " : "")}{connection}";
    }
}
