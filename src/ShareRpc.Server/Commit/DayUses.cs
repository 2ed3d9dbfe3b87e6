using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Commit;

/// <summary>Counts what refs used of their days, as of the current point of the transaction.</summary>
internal sealed class DayUses(IWriteTransaction transaction)
{
    private readonly Dictionary<(long Ref, long Day), DayUse> known = [];

    /// <summary>Takes what was looked up, unless it is known.</summary>
    public void Add(long day, AppendFacts facts)
    {
        foreach ((long refKey, DayUse use) in facts.Uses) known.TryAdd((refKey, day), use);
    }

    public void Add(long refKey, long day, DayUse use) => known.TryAdd((refKey, day), use);

    public async ValueTask<DayUse> OfAsync(long refKey, long day)
    {
        if (known.TryGetValue((refKey, day), out DayUse use)) return use;
        return known[(refKey, day)] = await transaction.ReadQuotaAsync(refKey, day);
    }

    public async ValueTask CountAsync(long refKey, long day, DayUse more)
    {
        known[(refKey, day)] = (await OfAsync(refKey, day)).Plus(more);
        transaction.AddQuota(refKey, day, more);
    }
}
