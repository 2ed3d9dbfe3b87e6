using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access;

/// <summary>
/// All live authorities. A redemption registers before it reads the rows, so a revocation is in those rows or finds the
/// authority (I7). Any thread.
/// </summary>
internal sealed class AuthorityRegistry : IAuthorityListener
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
                if (byRef.TryGetValue(key, out HashSet<Authority>? live) && live.Remove(authority) && live.Count == 0)
                    byRef.Remove(key);
            }
        }
    }

    /// <summary>
    /// Denies a ref and its descendants at once, and later redemptions until <see cref="Settle"/>. Suspension never
    /// replaces revocation.
    /// </summary>
    public void Deny(long refKey, ErrorCode code)
    {
        lock (gate)
        {
            if (code != ErrorCode.CapabilitySuspended || !deniedRefs.ContainsKey(refKey)) deniedRefs[refKey] = code;
            foreach (Authority authority in byRef.GetValueOrDefault(refKey) ?? []) authority.Deny(code);
        }
    }

    /// <summary>Notes that the revocation is durable: the row now denies.</summary>
    public void Settle(long refKey)
    {
        lock (gate) deniedRefs.Remove(refKey);
    }

    /// <summary>Notes that the suspension is durable or failed: the row decides.</summary>
    public void SettleSuspension(long refKey)
    {
        lock (gate)
        {
            if (deniedRefs.GetValueOrDefault(refKey) == ErrorCode.CapabilitySuspended) deniedRefs.Remove(refKey);
        }
    }

    /// <summary>Applies what the store says, whoever changed it. Repeating it changes nothing.</summary>
    public void Apply(IReadOnlyList<RefState> states)
    {
        foreach (RefState state in states)
        {
            if (state.IsRevoked)
            {
                Deny(state.Key, ErrorCode.CapabilityRevoked);
                Settle(state.Key);
            }

            if (state.IsSuspended)
            {
                Deny(state.Key, ErrorCode.CapabilitySuspended);
                SettleSuspension(state.Key);
            }

            DenyOlder(state.Key, state.Epoch);
            if (HasOtherParent(state)) Adopt(state.Key);
        }
    }

    private bool HasOtherParent(RefState state)
    {
        lock (gate)
        {
            return byRef.TryGetValue(state.Key, out HashSet<Authority>? live) && live.Any(authority =>
                authority.Links.First(link => link.Key == state.Key).ParentKey != state.ParentKey);
        }
    }

    /// <summary>Denies handles from secrets older than the epoch, also derived ones.</summary>
    public void DenyOlder(long refKey, long epoch)
    {
        lock (gate)
        {
            foreach (Authority authority in byRef.GetValueOrDefault(refKey) ?? [])
            {
                if (authority.Chain.First(link => link.Key == refKey).Epoch < epoch)
                    authority.Deny(ErrorCode.CapabilityRevoked);
            }
        }
    }

    /// <summary>
    /// Notes a new parent and no token: denies the ref's handles, and detaches its descendants from the old ancestors.
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
                    if (isBetween && byRef.TryGetValue(key, out HashSet<Authority>? live) && live.Remove(authority)
                        && live.Count == 0)
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

    /// <summary>Returns the keys of the refs that live authorities rest on.</summary>
    public long[] Keys()
    {
        lock (gate) return [.. byRef.Keys];
    }

    public (int Handles, int Shares) Count()
    {
        lock (gate)
        {
            HashSet<Authority> all = [.. byRef.Values.SelectMany(live => live)];
            return (all.Count,
                all.Select(authority => authority.Ref.ShareKey).Where(key => key is not null).Distinct().Count());
        }
    }

    public int CountOf(long refKey)
    {
        lock (gate) return byRef.GetValueOrDefault(refKey)?.Count(authority => authority.Ref.Key == refKey) ?? 0;
    }

    public int CountOnShare(long shareKey, long ownerRefKey)
    {
        lock (gate) return byRef.GetValueOrDefault(ownerRefKey)?.Count(authority => authority.Ref.ShareKey == shareKey)
            ?? 0;
    }
}
