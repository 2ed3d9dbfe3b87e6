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
    private readonly LogShare share;
    private readonly IReadOnlyList<long> refs;
    private readonly ServerLimits limits;
    private readonly long day;
    private long rejections;
    private long duplicates;

    private UnappliedAllowance(CommitScope scope, LogShare share, Authority authority, ServerLimits limits)
    {
        (this.scope, this.share, this.limits, refs) = (scope, share, limits, authority.CountedRefs);
        day = EffectiveCaveats.DayOf(scope.NowMs);
    }

    public static async ValueTask<UnappliedAllowance> ReadAsync(
        CommitScope scope, LogShare share, Authority authority, ServerLimits limits)
    {
        var allowance = new UnappliedAllowance(scope, share, authority, limits);
        foreach (long key in allowance.refs)
        {
            (long rejections, long duplicates) = await share.UnappliedOfAsync(scope.Transaction, key, allowance.day);
            allowance.rejections = Math.Max(allowance.rejections, rejections);
            allowance.duplicates = Math.Max(allowance.duplicates, duplicates);
        }

        return allowance;
    }

    /// <summary>Returns whether any batch of so many ops fits.</summary>
    public bool HasRoomFor(int ops) =>
        rejections + ops <= limits.RejectionsPerDay && duplicates + ops <= limits.DuplicatesPerDay;

    /// <summary>Counts a batch's records; throws if they do not fit.</summary>
    public void Take(int newRejections, int newDuplicates)
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
        foreach (long key in refs)
        {
            scope.Transaction.AddQuota(key, day, more);
            share.AddUnapplied(key, newRejections, newDuplicates);
        }
    }
}
