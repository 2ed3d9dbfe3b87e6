using ShareRpc.Protocol.Errors;

namespace ShareRpc.Server.Access;

/// <summary>
/// Every live authority, by each ref of its chain. A redemption registers first and reads the rows afterwards, so that a revocation either
/// is in those rows or finds the authority here: there is no moment in which it could slip through (I7). Any thread.
/// </summary>
internal sealed class AuthorityRegistry
{
    private readonly Lock gate = new();
    private readonly Dictionary<long, HashSet<Authority>> byRef = [];
    private readonly Dictionary<long, ErrorCode> deniedRefs = [];

    public void Add(Authority authority)
    {
        lock (gate)
        {
            foreach ((long key, _) in authority.Chain)
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
            foreach ((long key, _) in authority.Chain)
            {
                if (byRef.TryGetValue(key, out HashSet<Authority>? live) && live.Remove(authority) && live.Count == 0) byRef.Remove(key);
            }
        }
    }

    /// <summary>
    /// Denies a ref and all that descends from it, now. Until <see cref="Settle"/>, later redemptions are denied too, whether or not the
    /// disk has it. What is final stays: a suspension takes nothing back of a revocation.
    /// </summary>
    public void Deny(long refKey, ErrorCode code)
    {
        lock (gate)
        {
            if (code != ErrorCode.CapabilitySuspended || !deniedRefs.ContainsKey(refKey)) deniedRefs[refKey] = code;
            foreach (Authority authority in byRef.GetValueOrDefault(refKey) ?? []) authority.Deny(code);
        }
    }

    /// <summary>The revocation is on disk: the row denies from now on.</summary>
    public void Settle(long refKey)
    {
        lock (gate) deniedRefs.Remove(refKey);
    }

    /// <summary>The suspension is on disk, or did not come about: the row says how it is.</summary>
    public void SettleSuspension(long refKey)
    {
        lock (gate)
        {
            if (deniedRefs.GetValueOrDefault(refKey) == ErrorCode.CapabilitySuspended) deniedRefs.Remove(refKey);
        }
    }

    /// <summary>Denies what was redeemed before a rotation: by the ref's old secret, or derived from it.</summary>
    public void DenyOlder(long refKey, long epoch)
    {
        lock (gate)
        {
            foreach (Authority authority in byRef.GetValueOrDefault(refKey) ?? [])
            {
                if (authority.Chain.First(link => link.Key == refKey).Epoch < epoch) authority.Deny(ErrorCode.CapabilityRevoked);
            }
        }
    }

    /// <summary>
    /// A ref has another parent and no token of its own any more: handles of the ref itself are dead, and those of its descendants are no
    /// longer reached through the old ancestors.
    /// </summary>
    public void Adopt(long refKey)
    {
        lock (gate)
        {
            foreach (Authority authority in (byRef.GetValueOrDefault(refKey) ?? []).ToList())
            {
                if (authority.Ref.Key == refKey) authority.Deny(ErrorCode.CapabilityRevoked);
                bool isAbove = false;
                foreach ((long key, _) in authority.Chain)
                {
                    bool isBetween = isAbove && key != authority.Chain[^1].Key;
                    if (isBetween && byRef.TryGetValue(key, out HashSet<Authority>? live) && live.Remove(authority) && live.Count == 0)
                    {
                        byRef.Remove(key);
                    }

                    isAbove |= key == refKey;
                }
            }
        }
    }

    /// <summary>
    /// Handles below a ref count at it, too. They were redeemed before it had a quota, and would otherwise have one of
    /// their own beside those that are redeemed from now on.
    /// </summary>
    public void Bind(EffectiveCaveats.Quota quota)
    {
        lock (gate)
        {
            foreach (Authority authority in byRef.GetValueOrDefault(quota.RefKey) ?? []) authority.Bind(quota);
        }
    }

    /// <summary>Live handles, and the shares they are on.</summary>
    public (int Handles, int Shares) Count()
    {
        lock (gate)
        {
            HashSet<Authority> all = [.. byRef.Values.SelectMany(live => live)];
            return (all.Count, all.Select(authority => authority.Ref.ShareKey).Where(key => key is not null).Distinct().Count());
        }
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
