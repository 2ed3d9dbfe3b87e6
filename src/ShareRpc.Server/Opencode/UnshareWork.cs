using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Read;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Turns;

namespace ShareRpc.Server.Opencode;

/// <summary>
/// The end of a share and of every ref that was made for opencode, in one transaction. A revocation in all that
/// matters: it goes first, and denies in memory even when the disk does not take it.
/// </summary>
/// <param name="holder">Whose wish it is; its own ref is one of them.</param>
/// <param name="refs">What was made for the share, as of before.</param>
/// <param name="isProven">It was tried before, and the holder is denied by that.</param>
/// <param name="erase">Starts erasing the data, when none of it is to stay.</param>
internal sealed class UnshareWork(
    Authority holder, IReadOnlyList<RefRow> refs, bool isProven, Action? erase, AuthorityRegistry registry,
    Broadcaster broadcaster,
    ServerLimits limits, ILogger log)
    : CommitItem
{
    private readonly TaskCompletionSource completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool isProven = isProven;
    private IReadOnlyList<RefRow> denied = refs;

    public override bool IsUrgent => true;

    public override bool IsAlone => true;

    public override long? ShareKey => holder.Ref.ShareKey;

    public Task Completion => completion.Task;

    public override async ValueTask ExecuteAsync(CommitScope scope)
    {
        if (!isProven) holder.Demand(Rights.End);
        isProven = true;
        long shareKey = holder.Ref.ShareKey!.Value;
        LogShare share = await scope.Shares.GetAsync(scope.Transaction, shareKey);
        ShareState end = erase is null ? ShareState.Ended : ShareState.Deleted;
        if (share.State < end)
        {
            if (erase is null) await TurnEnds.EndAllAsync(scope, share, holder.Ref, limits);
            scope.Transaction.SetShareState(shareKey, share.State = end);
            if (end == ShareState.Deleted)
            {
                ShareRow row = (await scope.Transaction.FindShareAsync(shareKey))!;
                await ShareRoom.ReleaseAsync(scope.Transaction, row.OwnerRefKey);
            }

            string action = erase is null ? "end_share" : "delete_share";
            scope.Transaction.InsertAudit(new AuditRow(scope.NowMs, action, holder.Ref.Key, shareKey, null));
        }

        denied = await scope.Transaction.ReadSessionRefsAsync(shareKey);
        foreach (RefRow row in denied)
        {
            registry.Deny(row.Key, ErrorCode.CapabilityRevoked);
            if (row.RevokedMs is not null) continue;
            scope.Transaction.SetRevoked(row.Key, row.Epoch + 1, scope.NowMs);
            scope.Transaction.InsertAudit(new AuditRow(scope.NowMs, "revoke", holder.Ref.Key, shareKey, row.Key));
        }
    }

    public override void Complete()
    {
        if (completion.Task.IsCompleted) return;
        broadcaster.End(holder.Ref.ShareKey!.Value);
        foreach (RefRow row in denied)
        {
            registry.Settle(row.Key);
            log.Revoked(row.CapId);
        }

        erase?.Invoke();
        completion.TrySetResult();
    }

    public override void Fail(ShareRpcException error)
    {
        ShareRpcException? refusal = isProven ? null : Refusal();
        if (refusal is not null || error.Code is not (ErrorCode.StorageUnavailable or ErrorCode.Internal))
        {
            completion.TrySetException(refusal ?? error);
            return;
        }

        foreach (RefRow row in denied)
        {
            registry.Deny(row.Key, ErrorCode.CapabilityRevoked);
            log.RevocationNotDurable(row.CapId);
        }

        completion.TrySetException(
            new ShareRpcException(ErrorCode.RevocationNotDurable) { RetryAfter = error.RetryAfter });
    }

    /// <summary>
    /// Returns why the holder may not: the transaction may have failed before it was looked at there.
    /// </summary>
    private ShareRpcException? Refusal()
    {
        try
        {
            holder.Demand(Rights.End);
            return null;
        }
        catch (ShareRpcException refusal)
        {
            return refusal;
        }
    }
}
