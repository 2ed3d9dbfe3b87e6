using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Append;

/// <summary>Checks append kinds and daily quotas (UTC). Usage is counted in the ops' transaction.</summary>
internal sealed class AppendAllowance
{
    private readonly CommitScope scope;
    private readonly EffectiveCaveats caveats;
    private readonly long day;
    private readonly long opsLeft;
    private readonly long bytesLeft;
    private long ops;
    private long bytes;

    private AppendAllowance(CommitScope scope, EffectiveCaveats caveats, long day, long opsLeft, long bytesLeft) =>
        (this.scope, this.caveats, this.day, this.opsLeft, this.bytesLeft) = (scope, caveats, day, opsLeft, bytesLeft);

    public static async ValueTask<AppendAllowance> ReadAsync(CommitScope scope, EffectiveCaveats caveats)
    {
        long day = EffectiveCaveats.DayOf(scope.NowMs);
        (long opsLeft, long bytesLeft) = await caveats.ReadLeftAsync(scope.Uses.OfAsync, day);
        return new AppendAllowance(scope, caveats, day, opsLeft, bytesLeft);
    }

    public ErrorCode? Check(OpIntent op)
    {
        if (caveats.AppendKinds?.Contains(op.Kind) == false) return ErrorCode.KindNotAllowed;
        return ops + 1 > opsLeft || bytes + BytesOf(op) > bytesLeft ? ErrorCode.QuotaExceeded : null;
    }

    public void Count(OpIntent op)
    {
        ops++;
        bytes += BytesOf(op);
    }

    public void Reset() => (ops, bytes) = (0, 0);

    public async ValueTask RecordAsync()
    {
        if (ops == 0) return;
        foreach (EffectiveCaveats.Quota quota in caveats.Quotas)
            await scope.Uses.CountAsync(quota.RefKey, day, new DayUse(ops, bytes));
    }

    private static int BytesOf(OpIntent op) => op.Data?.Utf8.Length ?? 0;
}
