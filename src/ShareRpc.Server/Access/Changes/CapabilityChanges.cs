using System.Security.Cryptography;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access.Changes;

internal sealed class CapabilityChanges(
    IShareStore store, CommitQueue queue, TokenVerifier tokens, PassphraseVerifier passphrases,
    AuthorityRegistry registry, RedemptionLimits guard, IServerNode node)
{
    public Task<CapabilityChanged> SuspendAsync(Authority authority, CapabilityRequest request) =>
        SetSuspendedAsync(authority, request,
        true);

    public Task<CapabilityChanged> ResumeAsync(Authority authority, CapabilityRequest request) =>
        SetSuspendedAsync(authority, request,
        false);

    /// <summary>Sets a new secret at the next epoch; what came from the old one is dead.</summary>
    public async Task<CapabilityChanged> RotateAsync(Authority authority, RotateCapabilityRequest request)
    {
        RefRow target = await CapabilityReach.FindAsync(store, authority, request.CapId);
        authority.Demand(Rights.Revoke);
        RefRequest.CheckIds(request.CapId, request.TokenDigest, label: null, request.PassphraseDigest);
        if (tokens.Fits(target.Verifier, request.TokenDigest))
            return await ConfirmedAsync(new CapabilityChanged { Epoch = target.Epoch }, target);
        guard.TakeChange(authority, request.PassphraseDigest is not null);
        byte[] verifier = tokens.Of(request.TokenDigest);
        string? passphrase = request.PassphraseDigest is { } digest
            ? await passphrases.HashAsync(digest, CancellationToken.None).ConfigureAwait(false)
            : null;
        long epoch = 0;
        var work = new CommitWork<CapabilityChanged>(
            async scope =>
            {
                authority.Demand(Rights.Revoke);
                RefRow current = (await scope.Transaction.FindRefAsync(target.Key))!;
                if (current.RevokedMs is not null) throw new ShareRpcException(ErrorCode.CapabilityRevoked);
                if (current.Passphrase is null != passphrase is null)
                    throw new ShareRpcException(ErrorCode.InvalidParams);
                epoch = current.Epoch;
                bool isDone = CryptographicOperations.FixedTimeEquals(current.Verifier, verifier);
                if (isDone) return new CapabilityChanged { Epoch = epoch };
                scope.Transaction.Rotate(current, ++epoch, verifier, passphrase);
                scope.Transaction.InsertAudit(
                    new AuditRow(scope.NowMs, "rotate", authority.Ref.Key, target.ShareKey, target.Key));
                return new CapabilityChanged { Epoch = epoch };
            },
            () => registry.DenyOlder(target.Key, epoch))
        {
            IsAlone = true, ShareKey = target.ShareKey,
        };
        queue.Enqueue(work);
        return await ConfirmedAsync(await work.Completion.ConfigureAwait(false), target);
    }

    /// <summary>
    /// Moves a creator's shares to root, so that revoking the creator keeps them. The creator's owner tokens die.
    /// </summary>
    public async Task<SharesAdopted> AdoptSharesAsync(Authority authority, CapabilityRequest request)
    {
        authority.Demand(Rights.Admin);
        RefRow target = await CapabilityReach.FindAsync(store, authority, request.CapId);
        if (target.ShareKey is not null) throw new ShareRpcException(ErrorCode.NotFound);
        var owners = new List<RefRow>();
        var ended = new List<long>();
        var work = new CommitWork<SharesAdopted>(
            async scope =>
            {
                authority.Demand(Rights.Admin);
                IWriteTransaction transaction = scope.Transaction;
                IReadOnlyList<RefRow> below = await transaction.ReadOwnersBelowAsync(target.Key);
                await transaction.LockAsync([.. below.Select(owner => owner.ShareKey).OfType<long>()], []);
                foreach (RefRow owner in below)
                {
                    IReadOnlyList<RefRow> chain = await transaction.LockChainAsync(owner.Key);
                    if (!Adoption.IsPossible(chain, scope.NowMs)) continue;
                    if (await Adoption.StoreAsync(scope, chain) is { } quota) registry.Bind(quota);
                    owners.Add(owner);
                    ended.AddRange(await transaction.EndGrantsAsync(owner.Key, scope.NowMs));
                    transaction.InsertAudit(
                        new AuditRow(scope.NowMs, "adopt", authority.Ref.Key, owner.ShareKey, owner.Key));
                }

                return new SharesAdopted { Shares = owners.Count };
            },
            () =>
            {
                foreach (RefRow owner in owners) registry.Adopt(owner.Key);
                foreach (long grant in ended)
                {
                    registry.Deny(grant, ErrorCode.CapabilityRevoked);
                    registry.Settle(grant);
                }
            })
        {
            IsAlone = true,
        };
        queue.Enqueue(work);
        return await ConfirmedAsync(await work.Completion.ConfigureAwait(false), target);
    }

    /// <summary>Returns a result once every node goes by the change; a repeated call waits like the first.</summary>
    private async Task<T> ConfirmedAsync<T>(T result, RefRow target)
    {
        await node.ConfirmAsync(isOfManyShares: target.ShareKey is null).ConfigureAwait(false);
        return result;
    }

    private async Task<CapabilityChanged> SetSuspendedAsync(Authority authority, CapabilityRequest request,
        bool isSuspended)
    {
        RefRow target = await CapabilityReach.FindAsync(store, authority, request.CapId);
        authority.Demand(Rights.Revoke);
        if (!isSuspended) guard.TakeChange(authority); // a suspension is never refused, and needs one of these before
        var work = new SuspendWork(authority, target, isSuspended, registry);
        queue.Enqueue(work);
        return await ConfirmedAsync(await work.Completion, target);
    }
}
