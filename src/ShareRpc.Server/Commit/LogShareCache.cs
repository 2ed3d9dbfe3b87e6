using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Commit;

/// <summary>The shares that are being appended to, in memory: bounded, and dropped as a whole when a transaction fails.</summary>
internal sealed class LogShareCache(ServerLimits limits)
{
    private readonly Dictionary<long, LogShare> shares = [];
    private readonly HashSet<LogShare> touched = [];
    private long uses;

    /// <summary>Shares used in the current transaction.</summary>
    public IReadOnlyCollection<LogShare> Touched => touched;

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

    /// <summary>After a commit: a new transaction begins, and the longest unused shares go when there are too many.</summary>
    public void Settle()
    {
        foreach (LogShare share in touched) share.Fresh.Clear();
        touched.Clear();
        if (shares.Count <= limits.CachedShares) return;

        // Some more than must, so that this does not come with every transaction.
        int excess = shares.Count - limits.CachedShares + (limits.CachedShares / 4);
        foreach (LogShare old in shares.Values.OrderBy(share => share.UsedAt).Take(excess).ToList()) shares.Remove(old.Key);
    }

    /// <summary>After a failed transaction: what is in memory may not be what is on disk.</summary>
    public void Clear()
    {
        shares.Clear();
        touched.Clear();
    }
}
