using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Commit;

/// <summary>Bounded; cleared when a transaction fails.</summary>
/// <param name="isProven">Others write the store, too: a share is used when the transaction has proven it.</param>
internal sealed class LogShareCache(ServerLimits limits, bool isProven = false)
{
    private readonly Dictionary<long, LogShare> shares = [];
    private readonly HashSet<long> proven = [];
    private readonly HashSet<LogShare> touched = [];
    private long uses;

    public IReadOnlyCollection<LogShare> Touched => touched;

    /// <summary>Gets whether what is cached of a share is proven by its version.</summary>
    public bool IsProven => isProven;

    /// <summary>Gets the digests of values; a null one equals none.</summary>
    public KnownValues<byte[]?> Values { get; } = new();

    /// <summary>Gets what the guards of turns and of late states need to know of documents.</summary>
    public KnownValues<object> Facts { get; } = new();

    /// <summary>Begins a transaction: nothing is proven.</summary>
    public void Begin() => proven.Clear();

    /// <summary>
    /// Returns the versions of cached shares, which the transaction then proves; null if one is not cached.
    /// </summary>
    public IReadOnlyList<ShareVersion>? TakeVersions(IReadOnlyCollection<long> keys)
    {
        var versions = new List<ShareVersion>(keys.Count);
        foreach (long key in keys)
        {
            if (!shares.TryGetValue(key, out LogShare? share)) return null;
            versions.Add(new ShareVersion(key, share.Version));
        }

        proven.UnionWith(keys);
        return versions;
    }

    /// <summary>Drops shares whose version is another than that under the lock.</summary>
    public void Take(Proof proof)
    {
        foreach (ShareRow row in proof.Shares)
        {
            proven.Add(row.Key);
            if (shares.TryGetValue(row.Key, out LogShare? share) && share.Version != row.Version)
            {
                shares.Remove(row.Key);
                touched.Remove(share);
                ForgetDocuments();
            }
        }
    }

    /// <summary>The commit has raised the versions of these shares.</summary>
    public void Raise(IReadOnlyCollection<long> changed)
    {
        foreach (long key in changed)
        {
            if (!shares.TryGetValue(key, out LogShare? share)) continue;
            if (proven.Contains(key)) share.Version++;
            else shares.Remove(key);
        }
    }

    public async ValueTask<LogShare> GetAsync(IWriteTransaction snapshot, long shareKey)
    {
        if (isProven && !proven.Contains(shareKey) && await snapshot.LockAsync([shareKey], []) is { } proof)
            Take(proof);
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

    /// <summary>Drops what the transaction took from the cache; others are proven when they are used.</summary>
    public void Drop()
    {
        foreach (long key in proven) shares.Remove(key);
        foreach (LogShare share in touched) shares.Remove(share.Key);
        touched.Clear();
        ForgetDocuments();
    }

    public void Clear()
    {
        shares.Clear();
        touched.Clear();
        ForgetDocuments();
    }

    /// <summary>Forgets what is known by cursor: cursors of ops that are taken back are given again.</summary>
    public void ForgetDocuments()
    {
        Values.Clear();
        Facts.Clear();
    }
}
