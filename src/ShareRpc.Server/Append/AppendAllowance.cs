using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Append;

/// <summary>
/// Checks the right of an op's kind, append kinds, daily quotas (UTC) and room. Usage is counted in the ops'
/// transaction.
/// </summary>
internal sealed class AppendAllowance
{
    private readonly CommitScope scope;
    private readonly EffectiveCaveats caveats;
    private readonly Rights rights;
    private readonly long day;
    private readonly long opsLeft;
    private readonly long bytesLeft;
    private readonly long roomLeft;
    private long ops;
    private long bytes;

    private AppendAllowance(
        CommitScope scope, Authority authority, long day, long opsLeft, long bytesLeft, long roomLeft)
    {
        (this.scope, caveats, rights) = (scope, authority.Caveats, authority.Ref.Rights);
        (this.day, this.opsLeft, this.bytesLeft, this.roomLeft) = (day, opsLeft, bytesLeft, roomLeft);
    }

    public static async ValueTask<AppendAllowance> ReadAsync(CommitScope scope, Authority authority)
    {
        long day = EffectiveCaveats.DayOf(scope.NowMs);
        (long opsLeft, long bytesLeft) = await authority.Caveats.ReadLeftAsync(scope.Uses.OfAsync, day);
        long roomLeft = long.MaxValue;
        foreach (ShareRoom room in authority.Caveats.Rooms)
        {
            DayUse use = await scope.Uses.OfAsync(room.RefKey, ShareRoom.Total);
            roomLeft = Math.Min(roomLeft, room.MaxBytes - use.Bytes);
        }

        return new AppendAllowance(scope, authority, day, opsLeft, bytesLeft, roomLeft);
    }

    public ErrorCode? Check(OpIntent op)
    {
        Rights right = op.Kind == Kinds.Comment ? Rights.Comment : Rights.Append;
        if (!rights.HasFlag(right) || caveats.AppendKinds?.Contains(op.Kind) == false) return ErrorCode.KindNotAllowed;
        long after = bytes + BytesOf(op);
        return ops + 1 > opsLeft || after > bytesLeft || after > roomLeft ? ErrorCode.QuotaExceeded : null;
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
        foreach (ShareRoom room in caveats.Rooms)
            await scope.Uses.CountAsync(room.RefKey, ShareRoom.Total, new DayUse(0, bytes));
    }

    private static int BytesOf(OpIntent op) => op.Data?.Utf8.Length ?? 0;
}
