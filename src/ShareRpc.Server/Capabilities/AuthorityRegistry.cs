using ShareRpc.Protocol.Errors;

namespace ShareRpc.Server.Capabilities;

/// <summary>
/// Every live authority, by each ref of its chain. A redemption registers first and reads the rows afterwards, so that a revocation either
/// is in those rows or finds the authority here: there is no moment in which it could slip through (I7). Any thread.
/// </summary>
internal sealed class AuthorityRegistry
{
    private readonly Lock gate = new();
    private readonly Dictionary<long, HashSet<Authority>> byRef = [];
    private readonly Dictionary<long, ErrorCode> deniedRefs = [];

    /// <summary>Revocations that are still to be made durable; none are kept without it.</summary>
    public OwedRevocations? Owed { get; init; }

    public void Add(Authority authority)
    {
        lock (gate)
        {
            foreach (long key in authority.ChainKeys)
            {
                if (!byRef.TryGetValue(key, out HashSet<Authority>? live)) byRef.Add(key, live = []);
                live.Add(authority);
                if (deniedRefs.TryGetValue(key, out ErrorCode code)) authority.Deny(code);
            }
        }
    }

    public void Remove(Authority authority)
    {
        lock (gate)
        {
            foreach (long key in authority.ChainKeys)
            {
                if (byRef.TryGetValue(key, out HashSet<Authority>? live) && live.Remove(authority) && live.Count == 0) byRef.Remove(key);
            }
        }
    }

    /// <summary>
    /// Denies a ref and all that descends from it, now. Until <see cref="Settle"/>, later redemptions are denied too, whether or not the
    /// disk has the revocation.
    /// </summary>
    public void Deny(long refKey, ErrorCode code)
    {
        lock (gate)
        {
            deniedRefs[refKey] = code;
            foreach (Authority authority in byRef.GetValueOrDefault(refKey) ?? []) authority.Deny(code);
        }
    }

    /// <summary>The revocation is on disk: the row denies from now on.</summary>
    public void Settle(long refKey)
    {
        Owed?.Remove(refKey);
        lock (gate) deniedRefs.Remove(refKey);
    }

    /// <summary>Live handles of exactly this ref.</summary>
    public int CountOf(long refKey)
    {
        lock (gate) return byRef.GetValueOrDefault(refKey)?.Count(authority => authority.Ref.Key == refKey) ?? 0;
    }

    /// <summary>Live handles on a share.</summary>
    public int CountOnShare(long shareKey, long ownerRefKey)
    {
        lock (gate) return byRef.GetValueOrDefault(ownerRefKey)?.Count(authority => authority.Ref.ShareKey == shareKey) ?? 0;
    }
}
