using ShareRpc.Protocol.Errors;

namespace ShareRpc.Server.Storage;

/// <summary>
/// What a ref may keep on the server at a time (<c>max_shares</c>, <c>max_bytes</c>). Shares and bytes are counted as
/// the use of a day that never comes: one row a ref, in the transaction of what is counted. The owner ref of a share
/// that has such a caveat above it counts the share's bytes, which its deletion gives back.
/// </summary>
internal sealed record ShareRoom(long RefKey, long MaxShares, long MaxBytes)
{
    /// <summary>Later than any day.</summary>
    public const long Total = 1L << 40;

    /// <summary>Returns the refs that count; none if no ref of the chain has such a caveat.</summary>
    /// <param name="chain">A ref, and its parents up to the root.</param>
    public static IReadOnlyList<ShareRoom> Of(IReadOnlyList<RefRow> chain)
    {
        if (!chain.Any(IsBounded)) return [];
        RefRow? owner = chain.LastOrDefault(row => row.ShareKey is not null);
        return [.. chain.Where(row => row == owner || IsBounded(row)).Select(row => new ShareRoom(
            row.Key, row.Caveats.MaxShares ?? long.MaxValue, row.Caveats.MaxBytes ?? long.MaxValue))];
    }

    /// <summary>Counts a new share; throws if it does not fit.</summary>
    /// <param name="transaction">The one that makes the share.</param>
    /// <param name="chain">The creating ref, and its parents up to the root.</param>
    public static async ValueTask TakeShareAsync(IWriteTransaction transaction, IReadOnlyList<RefRow> chain)
    {
        IReadOnlyList<ShareRoom> rooms = Of(chain);
        foreach (ShareRoom room in rooms.OrderBy(room => room.RefKey)) // as appends lock them
        {
            DayUse use = await transaction.ReadQuotaAsync(room.RefKey, Total);
            if (use.Ops >= room.MaxShares) throw new ShareRpcException(ErrorCode.QuotaExceeded);
        }

        foreach (ShareRoom room in rooms) transaction.AddQuota(room.RefKey, Total, new DayUse(1, 0));
    }

    /// <summary>Gives back what a share took of the refs above its owner ref: it is deleted or moved away.</summary>
    public static async ValueTask ReleaseAsync(IWriteTransaction transaction, long ownerRefKey)
    {
        IReadOnlyList<RefRow> chain = await transaction.ReadChainAsync(ownerRefKey);
        if (!chain.Skip(1).Any(IsBounded)) return;
        DayUse use = await transaction.ReadQuotaAsync(ownerRefKey, Total);
        long[] keys = [.. chain.Skip(1).Where(IsBounded).Select(row => row.Key).Order()];
        foreach (long key in keys) await transaction.ReadQuotaAsync(key, Total); // locks all before it writes one
        foreach (long key in keys) transaction.AddQuota(key, Total, new DayUse(-1, -use.Bytes));
    }

    private static bool IsBounded(RefRow row) => row.Caveats is not { MaxShares: null, MaxBytes: null };
}
