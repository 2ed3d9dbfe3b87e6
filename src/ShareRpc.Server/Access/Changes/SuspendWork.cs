using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access.Changes;

/// <summary>
/// Prioritized; denies inside the transaction. Unlike a revocation, it is undone if the commit fails.
/// </summary>
internal sealed class SuspendWork(Authority authority, RefRow target, bool isSuspended, AuthorityRegistry registry)
    : CommitItem
{
    private readonly TaskCompletionSource<CapabilityChanged> completion =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long epoch;

    public override bool IsUrgent => true;

    public override bool IsAlone => true;

    public override long? ShareKey => target.ShareKey;

    public Task<CapabilityChanged> Completion => completion.Task;

    public override async ValueTask ExecuteAsync(CommitScope scope)
    {
        authority.Demand(Rights.Revoke);
        RefRow current = (await scope.Transaction.FindRefAsync(target.Key))!;
        if (current.RevokedMs is not null) throw new ShareRpcException(ErrorCode.CapabilityRevoked);
        epoch = current.Epoch;
        bool isSame = current.SuspendedMs is not null == isSuspended;

        // What a restore suspended is resumed with all else of it: a suspension of its own is noted.
        if (isSame && (!isSuspended || current.SuspendedMs != await scope.Transaction.ReadRestoreSuspensionAsync()))
            return;
        if (isSuspended) registry.Deny(target.Key, ErrorCode.CapabilitySuspended);
        scope.Transaction.SetSuspended(target.Key, isSuspended ? scope.NowMs : null);
        if (isSuspended) await scope.Transaction.EndGrantsAsync(target.Key, scope.NowMs);
        scope.Transaction.InsertAudit(
            new AuditRow(scope.NowMs, isSuspended ? "suspend" : "resume", authority.Ref.Key, target.ShareKey,
                target.Key));
    }

    public override void Complete()
    {
        if (completion.Task.IsCompleted) return;
        registry.SettleSuspension(target.Key);
        completion.TrySetResult(new CapabilityChanged { Epoch = epoch });
    }

    public override void Fail(ShareRpcException error)
    {
        registry.SettleSuspension(target.Key);
        completion.TrySetException(error);
    }
}
