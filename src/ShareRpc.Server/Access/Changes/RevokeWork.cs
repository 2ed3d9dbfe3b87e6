using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access.Changes;

/// <summary>
/// A prioritized revocation. Denies in memory at once, even if its commit fails; caller and server
/// (<see cref="OwedRevocations"/>) then repeat it.
/// </summary>
internal sealed class RevokeWork(
    Authority authority, RefRow target, AuthorityRegistry registry, OwedRevocations owed, ILogger log,
    bool isAllowed = false)
    : CommitItem
{
    private bool isProven = isAllowed;
    private readonly TaskCompletionSource<CapabilityRevoked> completion =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long epoch;

    public override bool IsUrgent => true;

    public override bool IsAlone => true;

    public override long? ShareKey => target.ShareKey;

    public Task<CapabilityRevoked> Completion => completion.Task;

    public override async ValueTask ExecuteAsync(CommitScope scope)
    {
        if (!isProven) Demand();
        isProven = true;
        RefRow current = (await scope.Transaction.FindRefAsync(target.Key))!;
        epoch = current.Epoch;
        if (current.RevokedMs is not null) return;
        registry.Deny(target.Key, ErrorCode.CapabilityRevoked);
        epoch++;
        scope.Transaction.SetRevoked(target.Key, epoch, scope.NowMs);
        scope.Transaction.InsertAudit(
            new AuditRow(scope.NowMs, "revoke", authority.Ref.Key, target.ShareKey, target.Key));
    }

    public override void Complete()
    {
        if (completion.Task.IsCompleted) return;
        owed.Remove(target.Key);
        registry.Settle(target.Key);
        log.Revoked(target.CapId);
        completion.TrySetResult(new CapabilityRevoked { Epoch = epoch });
    }

    public override void Fail(ShareRpcException error)
    {
        ShareRpcException? refusal = isProven ? null : Refusal();
        if (refusal is not null || error.Code is not (ErrorCode.StorageUnavailable or ErrorCode.Internal))
        {
            completion.TrySetException(refusal ?? error);
            return;
        }

        registry.Deny(target.Key, ErrorCode.CapabilityRevoked);
        owed.Add(target.Key, new RevokeWork(authority, target, registry, owed, log, isAllowed: true));
        log.RevocationNotDurable(target.CapId);
        completion.TrySetException(
            new ShareRpcException(ErrorCode.RevocationNotDurable) { RetryAfter = error.RetryAfter });
    }

    /// <summary>
    /// Returns why the caller may not: the transaction may have failed before it was looked at there.
    /// </summary>
    private ShareRpcException? Refusal()
    {
        try
        {
            Demand();
            return null;
        }
        catch (ShareRpcException refusal)
        {
            return refusal;
        }
    }

    // A ref may always revoke itself; others only with the right. The target is a known descendant. After a failed
    // commit the caller must be able to repeat, even if denied by it.
    public void Demand()
    {
        if (target.Key != authority.Ref.Key) authority.Demand(Rights.Revoke);
    }
}
