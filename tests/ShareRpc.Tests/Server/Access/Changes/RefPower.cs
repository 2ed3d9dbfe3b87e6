using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access;
using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Server.Access.Changes;

/// <summary>What a ref may, by its rows: the state of its chain, its rights, and what its caveats leave.</summary>
internal sealed record RefPower(
    string State, Rights Rights, long Expires, Caveats Caveats, long UsesLeft, long OpsLeft, long BytesLeft)
{
    public static async Task<RefPower> ReadAsync(IReadSnapshot snapshot, RefRow row, long nowMs)
    {
        IReadOnlyList<RefRow> chain = await snapshot.ReadChainAsync(row.Key);
        var effective = new EffectiveCaveats(chain);
        (long ops, long bytes) = await effective.ReadLeftAsync(snapshot.ReadQuotaAsync, EffectiveCaveats.DayOf(nowMs));
        long uses = row.IsGrant ? 0 : chain.Min(one => one.Caveats.MaxUses - one.Uses) ?? long.MaxValue;
        long expires = chain.Min(one => one.Caveats.ExpiresAtMs) ?? long.MaxValue;
        foreach (RefRow one in chain.Where(one => one.UsedMs is null))
        {
            expires = Math.Min(expires, one.Caveats.UnusedExpiresAtMs ?? long.MaxValue);
        }

        return new RefPower(
            CapabilityChain.StateOf(chain, nowMs), row.Rights, expires, effective.ToWire(), uses, ops, bytes);
    }

    /// <summary>Why this is more than it was; null when it is not.</summary>
    /// <param name="before">The same ref before a change, or the parent of a new one.</param>
    /// <param name="mayResume">The change was a resumption, which ends a suspension.</param>
    public string? MoreThan(RefPower before, bool mayResume = false)
    {
        bool wasAlive = before.IsAlive || (mayResume && before.State == CapabilityChain.Suspended);
        if (IsAlive && !wasAlive) return $"it was {before.State}";
        if ((Rights & ~before.Rights) != 0) return "rights";
        if (Expires > before.Expires && !IsFirstUse(before)) return "expiry";
        if (UsesLeft > before.UsesLeft) return "uses";
        if (OpsLeft > before.OpsLeft || BytesLeft > before.BytesLeft) return "quota";
        if ((Caveats.GrantMs ?? long.MaxValue) > (before.Caveats.GrantMs ?? long.MaxValue)) return "grant_ms";
        if (before.Caveats.Redact?.Except(Caveats.Redact ?? []).Any() == true) return "redact";
        bool isWithin = before.Caveats.AppendKinds is not { } kinds || Caveats.AppendKinds?.All(kinds.Contains) == true;
        if (!isWithin) return "append_kinds";
        return before.Caveats.Readable is { } readable && !IsWithin(readable) ? "readable" : null;
    }

    private bool IsAlive => State is CapabilityChain.Active or CapabilityChain.UsedUp;

    /// <summary>The first redemption by its own token lifts <c>unused_expires_at_ms</c>, as it says.</summary>
    private bool IsFirstUse(RefPower before) => before.Caveats.ExpiresAtMs == Caveats.ExpiresAtMs;

    private bool IsWithin(IReadOnlyDictionary<string, IReadOnlyList<string>?> before) =>
        Caveats.Readable?.All(entry => before.TryGetValue(entry.Key, out IReadOnlyList<string>? fields)
            && (fields is null || entry.Value?.All(fields.Contains) == true)) == true;
}
