using ShareRpc.Protocol.Diagnostics;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Commit;

/// <summary>
/// Sees to it that a transaction on a store that others write, too, rests on what is stored: it names what it takes
/// for granted, or locks its shares and reads them and the refs.
/// </summary>
internal sealed class CommitProof(IShareStore store, LogShareCache shares, IAuthorityListener? authorities)
{
    /// <summary>Splits items into transactions, in their order.</summary>
    public IReadOnlyList<List<CommitItem>> GroupsOf(List<CommitItem> items)
    {
        if (!store.IsShared || !items.Exists(item => item.IsAlone)) return [items];
        var groups = new List<List<CommitItem>>();
        bool isOpen = false;
        foreach (CommitItem item in items)
        {
            if (!isOpen || item.IsAlone) groups.Add([]);
            groups[^1].Add(item);
            isOpen = !item.IsAlone;
        }

        return groups;
    }

    /// <summary>Call before anything of the transaction.</summary>
    /// <param name="isFresh">Nothing cached is to be taken for granted.</param>
    public async ValueTask TakeAsync(IWriteTransaction transaction, List<CommitItem> items, bool isFresh)
    {
        if (!store.IsShared) return;
        shares.Begin();
        var keys = new HashSet<long>();
        var links = new Dictionary<long, RefLink>();
        bool isKnown = !isFresh;
        foreach (CommitItem item in items)
        {
            if (item.ShareKey is { } key) keys.Add(key);
            foreach (RefLink link in item.Refs) isKnown &= links.TryAdd(link.Key, link) || links[link.Key] == link;
        }

        if (keys.Count == 0 && links.Count == 0) return;
        if (BrokenRule.Is(BrokenRule.RefsBeforeLock) && links.Count > 0)
        {
            if (await transaction.LockAsync([], [.. links.Keys]).ConfigureAwait(false) is { } early)
                authorities?.Apply(early.Refs);
            links.Clear();
        }

        if (isKnown && shares.TakeVersions(keys) is { } versions)
        {
            if (BrokenRule.Is(BrokenRule.CacheNotProven)) versions = [];
            transaction.Expect(versions, [.. links.Values]);
            return;
        }

        if (await transaction.LockAsync([.. keys], [.. links.Keys]).ConfigureAwait(false) is not { } proof) return;
        shares.Take(proof);
        authorities?.Apply(proof.Refs);
    }
}
