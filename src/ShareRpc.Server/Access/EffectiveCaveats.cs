using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access.Redaction;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access;

/// <summary>The combined caveats of a ref and its ancestors (SPEC [CAVEAT-3]).</summary>
internal sealed class EffectiveCaveats
{
    private const long DayMs = 24L * 60 * 60 * 1000;
    private readonly IReadOnlyList<Caveats> chain;

    public EffectiveCaveats(IReadOnlyList<RefRow> rows)
    {
        chain = [.. rows.Select(row => row.Caveats)];
        ExpiresAtMs = chain.Min(caveats => caveats.ExpiresAtMs);
        AppendKinds =
            Intersect(chain.Where(caveats => caveats.AppendKinds is not null).Select(caveats => caveats.AppendKinds!));
        Profile = ReadProfile.Of(chain);
        Quotas = [.. rows
            .Where(row => row.Caveats.MaxOpsPerDay is not null || row.Caveats.MaxBytesPerDay is not null)
            .Select(row => new Quota(row.Key, row.Caveats.MaxOpsPerDay ?? long.MaxValue, row.Caveats.MaxBytesPerDay
                ?? long.MaxValue))
            .OrderBy(quota => quota.RefKey)]; // their counters are locked in this order
        Rooms = ShareRoom.Of(rows);
    }

    private EffectiveCaveats(EffectiveCaveats other, Quota more)
    {
        (chain, ExpiresAtMs, AppendKinds, Profile) = (other.chain, other.ExpiresAtMs, other.AppendKinds, other.Profile);
        Quotas = [.. other.Quotas.Where(quota => quota.RefKey != more.RefKey), more];
        Rooms = other.Rooms;
    }

    public long? ExpiresAtMs { get; }

    public IReadOnlySet<string>? AppendKinds { get; }

    public ReadProfile Profile { get; }

    public IReadOnlyList<Quota> Quotas { get; }

    /// <summary>Gets the refs at which all of what is appended counts; empty without such a caveat.</summary>
    public IReadOnlyList<ShareRoom> Rooms { get; }

    /// <summary>Returns what can be expressed of the chain's caveats; omits uses.</summary>
    public Caveats ToWire() => new()
    {
        ExpiresAtMs = ExpiresAtMs,
        MaxUses = chain.Min(caveats => caveats.MaxUses),
        GrantMs = chain.Min(caveats => caveats.GrantMs),
        AppendKinds = AppendKinds?.Order(StringComparer.Ordinal).ToList(),
        Readable = Profile.ToReadable(),
        Redact = Profile.ToRedact(),
        NoComments = chain.Any(caveats => caveats.NoComments == true) ? true : null,
        MaxOpsPerDay = chain.Min(caveats => caveats.MaxOpsPerDay),
        MaxBytesPerDay = chain.Min(caveats => caveats.MaxBytesPerDay),
        MaxShares = chain.Min(caveats => caveats.MaxShares),
        MaxBytes = chain.Min(caveats => caveats.MaxBytes),
    };

    /// <summary>Returns the day since 1970 UTC for which quotas are counted.</summary>
    public static long DayOf(long nowMs) => nowMs / DayMs;

    /// <summary>Returns when that day begins, in milliseconds.</summary>
    public static long StartOf(long day) => day * DayMs;

    /// <summary>Returns the same with a further ref that counts what is appended.</summary>
    public EffectiveCaveats With(Quota more) => new(this, more);

    /// <summary>Returns what is left of all quotas on a day.</summary>
    public async ValueTask<(long Ops, long Bytes)> ReadLeftAsync(Func<long, long, ValueTask<DayUse>> usesOf, long day)
    {
        (long opsLeft, long bytesLeft) = (long.MaxValue, long.MaxValue);
        foreach (Quota quota in Quotas)
        {
            DayUse used = await usesOf(quota.RefKey, day);
            opsLeft = Math.Min(opsLeft, quota.MaxOps - used.Ops);
            bytesLeft = Math.Min(bytesLeft, quota.MaxBytes - used.Bytes);
        }

        return (opsLeft, bytesLeft);
    }

    private static HashSet<string>? Intersect(IEnumerable<IReadOnlyList<string>> lists)
    {
        HashSet<string>? both = null;
        foreach (IReadOnlyList<string> list in lists)
        {
            if (both is null) both = new HashSet<string>(list, StringComparer.Ordinal);
            else both.IntersectWith(list);
        }

        return both;
    }

    internal sealed record Quota(long RefKey, long MaxOps, long MaxBytes);
}
