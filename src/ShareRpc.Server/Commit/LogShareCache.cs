using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Commit;

/// <summary>Bounded; cleared when a transaction fails.</summary>
internal sealed class LogShareCache(ServerLimits limits)
{
    private readonly Dictionary<long, LogShare> shares = [];
    private readonly HashSet<LogShare> touched = [];
    private long uses;

    public IReadOnlyCollection<LogShare> Touched => touched;

    public KnownValues Values { get; } = new();

    public async ValueTask<LogShare> GetAsync(IReadSnapshot snapshot, long shareKey)
    {
        if (!shares.TryGetValue(shareKey, out LogShare? share))
        {
            ShareRow row = await snapshot.FindShareAsync(shareKey) ?? throw new ShareRpcException(ErrorCode.NotFound);
            share = await LogShare.LoadAsync(snapshot, row, limits);
            shares.Add(shareKey, share);
        }

        share.UsedAt = ++uses;
        touched.Add(share);
        return share;
    }

    /// <summary>Starts a new transaction and evicts least recently used shares.</summary>
    public void Settle()
    {
        foreach (LogShare share in touched) share.Settle();
        touched.Clear();
        if (shares.Count <= limits.CachedShares) return;

        // A quarter more, so that this runs rarely.
        int excess = shares.Count - limits.CachedShares + (limits.CachedShares / 4);
        foreach (LogShare old in shares.Values.OrderBy(share => share.UsedAt).Take(excess).ToList())
            shares.Remove(old.Key);
    }

    public void Clear()
    {
        shares.Clear();
        touched.Clear();
        Values.Clear();
    }
}
