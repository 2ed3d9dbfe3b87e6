using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Access;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Append;

/// <summary>
/// Bounds the records that a ref leaves a day (UTC) without an op being applied: rejections and duplicates
/// (SPEC [APPLY-28]). Counted in the batch's transaction.
/// </summary>
internal sealed class UnappliedAllowance
{
    private readonly CommitScope scope;
    private readonly IReadOnlyList<long> refs;
    private readonly ServerLimits limits;
    private readonly long day;
    private long rejections;
    private long duplicates;

    private UnappliedAllowance(CommitScope scope, Authority authority, ServerLimits limits)
    {
        (this.scope, this.limits, refs) = (scope, limits, authority.CountedRefs);
        day = EffectiveCaveats.DayOf(scope.NowMs);
    }

    public static async ValueTask<UnappliedAllowance> ReadAsync(
        CommitScope scope, Authority authority, ServerLimits limits)
    {
        var allowance = new UnappliedAllowance(scope, authority, limits);
        foreach (long key in allowance.refs)
        {
            DayUse use = await scope.Uses.OfAsync(key, allowance.day);
            allowance.rejections = Math.Max(allowance.rejections, use.Rejections);
            allowance.duplicates = Math.Max(allowance.duplicates, use.Duplicates);
        }

        return allowance;
    }

    /// <summary>Counts a batch's records; throws if they do not fit.</summary>
    public async ValueTask TakeAsync(int newRejections, int newDuplicates)
    {
        bool isOver = (newRejections > 0 && rejections + newRejections > limits.RejectionsPerDay)
            || (newDuplicates > 0 && duplicates + newDuplicates > limits.DuplicatesPerDay);
        if (isOver)
        {
            throw new ShareRpcException(ErrorCode.RejectionsExceeded)
            {
                RetryAfter = TimeSpan.FromMilliseconds(EffectiveCaveats.StartOf(day + 1) - scope.NowMs),
            };
        }

        if (newRejections + newDuplicates == 0) return;
        var more = new DayUse(0, 0, newRejections, newDuplicates);
        foreach (long key in refs) await scope.Uses.CountAsync(key, day, more);
    }
}
