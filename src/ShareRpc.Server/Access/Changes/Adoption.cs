using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access.Changes;

/// <summary>
/// Makes an owner ref a child of root (SPEC [CAP-12]). What is taken out of its chain stays in force: its caveats are
/// written into the owner ref, with what was left of its counters (I6).
/// </summary>
internal static class Adoption
{
    /// <summary>Returns whether the share's refs are alive but for a suspension: what is dead stays dead.</summary>
    public static bool IsPossible(IReadOnlyList<RefRow> chain, long nowMs) =>
        CapabilityChain.StateOf([chain[0] with { RetiredMs = null }, .. chain.Skip(1)], nowMs)
            is not (CapabilityChain.Revoked or CapabilityChain.Orphaned);

    /// <summary>Stores the owner ref under root; returns its quota, if it has one now.</summary>
    /// <param name="scope">The transaction.</param>
    /// <param name="chain">The owner ref, then its parents up to the root.</param>
    public static async ValueTask<EffectiveCaveats.Quota?> StoreAsync(CommitScope scope, IReadOnlyList<RefRow> chain)
    {
        (RefRow owner, RefRow root) = (chain[0], chain[^1]);
        RefRow adopted = owner with
        {
            ParentKey = root.Key, ParentEpoch = root.Epoch, RetiredMs = scope.NowMs, Caveats = Merge(chain),
            SuspendedMs = chain.Min(row => row.SuspendedMs),
        };
        var before = new EffectiveCaveats(chain);
        var now = new EffectiveCaveats([adopted]);
        if (now.Quotas is [var quota]) await CountAsync(scope, quota, before);
        await ShareRoom.ReleaseAsync(scope.Transaction, owner.Key);
        scope.Transaction.Adopt(adopted);
        return now.Quotas is [var own] ? own : null;
    }

    private static Caveats Merge(IReadOnlyList<RefRow> chain)
    {
        RefRow owner = chain[0];
        Caveats all = new EffectiveCaveats(chain).ToWire();
        IEnumerable<long?> unused = chain.Skip(1).Where(row => row.UsedMs is null)
            .Select(row => row.Caveats.UnusedExpiresAtMs);
        return all with
        {
            ExpiresAtMs = unused.Append(all.ExpiresAtMs).Min(),
            UnusedExpiresAtMs = owner.Caveats.UnusedExpiresAtMs,
            MaxShares = owner.Caveats.MaxShares,
            MaxUses = (int?)chain.Min(row => row.Caveats.MaxUses - row.Uses) is { } left
                ? (int)owner.Uses + Math.Max(left, 0) : null,
        };
    }

    /// <summary>Counts at the owner ref as much as leaves of today what was left before.</summary>
    private static async ValueTask CountAsync(
        CommitScope scope, EffectiveCaveats.Quota quota, EffectiveCaveats before)
    {
        long day = EffectiveCaveats.DayOf(scope.NowMs);
        (long opsLeft, long bytesLeft) = await before.ReadLeftAsync(scope.Uses.OfAsync, day);
        DayUse used = await scope.Uses.OfAsync(quota.RefKey, day);
        long moreOps = quota.MaxOps == long.MaxValue ? 0 : Math.Max(quota.MaxOps - opsLeft - used.Ops, 0);
        long moreBytes = quota.MaxBytes == long.MaxValue ? 0 : Math.Max(quota.MaxBytes - bytesLeft - used.Bytes, 0);
        if (moreOps + moreBytes > 0)
            await scope.Uses.CountAsync(quota.RefKey, day, new DayUse(moreOps, moreBytes));
    }
}
