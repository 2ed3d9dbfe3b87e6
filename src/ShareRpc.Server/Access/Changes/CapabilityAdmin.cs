using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Maintenance;
using ShareRpc.Server.Read;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Turns;

namespace ShareRpc.Server.Access.Changes;

/// <summary>Mutations of refs and shares. All can be repeated, because the caller chooses ids and secrets.</summary>
internal sealed class CapabilityAdmin(
    IShareStore store, CommitQueue queue, TokenVerifier tokens, PassphraseVerifier passphrases,
    AuthorityRegistry registry, OwedRevocations owed,
    Broadcaster broadcaster, ShareEraser eraser, IServerNode node, ProtocolLimits limits, ServerLimits serverLimits,
    RedemptionLimits guard, ILogger<CapabilityAdmin> log)
{
    public async Task<CapabilityCreated> CreateShareAsync(Authority authority, CreateShareRequest request)
    {
        authority.Demand(Rights.Create);
        RefRequest.CheckIds(request.CapId, request.TokenDigest, request.Label);
        if (!RandomId.IsValid(request.ShareId)) throw new ShareRpcException(ErrorCode.InvalidParams);
        var owner = new AttenuateRequest
        {
            CapId = request.CapId, TokenDigest = request.TokenDigest, Rights = RefRequest.OwnerOf(authority.Ref),
            Label = request.Label,
        };
        var work = new CommitWork<CapabilityCreated>(async scope =>
        {
            authority.Demand(Rights.Create);
            IWriteTransaction transaction = scope.Transaction;
            RefRow row = RefRequest.ChildOf(authority.Ref, owner, tokens.Of(owner.TokenDigest), scope.NowMs, limits);
            ShareRow? share = await transaction.FindShareAsync(request.ShareId);
            RefRow? known = await transaction.FindRefAsync(request.CapId);
            if (share is not null || known is not null || await transaction.IsRefGoneAsync(request.CapId))
            {
                bool isSame = share is not null && known is not null && share.OwnerRefKey == known.Key
                    && share.CreatorKey == authority.Ref.Key
                    && share.Label == request.Label && RefRequest.IsSame(known, row with { ShareKey = share.Key });
                return isSame ? Created(known!) : throw new ShareRpcException(ErrorCode.IdTaken);
            }

            await ShareRoom.TakeShareAsync(transaction, await transaction.ReadChainAsync(authority.Ref.Key));
            long shareKey = await transaction.InsertShareAsync(request.ShareId, authority.Ref.Key, request.Label,
                scope.NowMs);
            long refKey = await transaction.InsertRefAsync(row with { ShareKey = shareKey });
            transaction.SetOwner(shareKey, refKey);
            transaction.InsertAudit(new AuditRow(scope.NowMs, "create_share", authority.Ref.Key, shareKey, refKey));
            return Created(row);
        })
        {
            IsAlone = authority.Caveats.Rooms.Count > 0, // its counters are locked in order, with no other's before
        };
        queue.Enqueue(work);
        return await work.Completion.ConfigureAwait(false);
    }

    /// <summary>
    /// Creates a child of the calling ref; a creator ref if it has no share; below a share's owner ref if a server
    /// caller names a share in reach.
    /// </summary>
    public async Task<CapabilityCreated> AttenuateAsync(Authority authority, AttenuateRequest request)
    {
        authority.Demand(Rights.Attenuate);
        RefRequest.CheckIds(request.CapId, request.TokenDigest, request.Label, request.PassphraseDigest);
        RefRequest.CheckCaveats(request.Caveats);
        if (request.ShareId is not null && authority.Ref.ShareKey is not null)
            throw new ShareRpcException(ErrorCode.InvalidParams);
        guard.TakeChange(authority, request.PassphraseDigest is not null);
        long parentKey = request.ShareId is null ? authority.Ref.Key
            : (await ResolveShareAsync(authority, request.ShareId)).OwnerRefKey;
        string? passphrase = await PassphraseOfAsync(request.CapId, request.PassphraseDigest).ConfigureAwait(false);
        return await CommitAsync(async scope =>
        {
            authority.Demand(Rights.Attenuate);
            IReadOnlyList<RefRow> parent = await scope.Transaction.ReadChainAsync(parentKey);
            if (parentKey != authority.Ref.Key) CheckParent(authority, parent, scope.NowMs);
            byte[] verifier = tokens.Of(request.TokenDigest);
            RefRow row = RefRequest.ChildOf(parent[0], request, verifier, scope.NowMs, limits, passphrase);
            if (await scope.Transaction.FindRefAsync(request.CapId) is { } known)
            {
                return RefRequest.IsSame(known, row) ? Created(known) : throw new ShareRpcException(ErrorCode.IdTaken);
            }

            if (await scope.Transaction.IsRefGoneAsync(request.CapId)) throw new ShareRpcException(ErrorCode.IdTaken);

            long refKey = await scope.Transaction.InsertRefAsync(row);
            scope.Transaction.InsertAudit(
                new AuditRow(scope.NowMs, "attenuate", authority.Ref.Key, row.ShareKey, refKey));
            return Created(row);
        }).ConfigureAwait(false);
    }

    public async Task<CapabilityRevoked> RevokeAsync(Authority authority, RevokeCapabilityRequest request)
    {
        RefRow target = await CapabilityReach.FindAsync(store, authority, request.CapId);
        var work = new RevokeWork(authority, target, registry, owed, log);
        work.Demand(); // what is queued is done even if the disk fails
        queue.Enqueue(work);
        CapabilityRevoked revoked = await work.Completion;
        await node.ConfirmAsync(isOfManyShares: target.ShareKey is null);
        return revoked;
    }

    /// <summary>No append succeeds from now on; reads go on.</summary>
    public Task<bool> EndShareAsync(Authority authority)
    {
        authority.Demand(Rights.End);
        long shareKey = authority.Ref.ShareKey!.Value;
        return CommitAsync(
            async scope =>
            {
                authority.Demand(Rights.End);
                LogShare share = await scope.Shares.GetAsync(scope.Transaction, shareKey);
                if (share.State != ShareState.Active) return true;
                await TurnEnds.EndAllAsync(scope, share, authority.Ref, serverLimits);
                scope.Transaction.SetShareState(shareKey, share.State = ShareState.Ended);
                scope.Transaction.InsertAudit(
                    new AuditRow(scope.NowMs, "end_share", authority.Ref.Key, shareKey, null));
                return true;
            },
            () => broadcaster.End(shareKey), shareKey);
    }

    /// <summary>Puts off the end of a share that is kept for some time only, as an append does.</summary>
    public Task<bool> KeepShareAsync(Authority authority)
    {
        authority.Demand(Rights.End);
        long shareKey = authority.Ref.ShareKey!.Value;
        return CommitAsync(
            scope =>
            {
                authority.Demand(Rights.End);
                scope.Transaction.SetShareKept(shareKey, scope.NowMs);
                scope.Transaction.InsertAudit(
                    new AuditRow(scope.NowMs, "keep_share", authority.Ref.Key, shareKey, null));
                return new ValueTask<bool>(true);
            },
            null, shareKey);
    }

    /// <summary>Returns once the tombstone is durable and handles are dead; deletes rows in the background.</summary>
    public async Task<bool> DeleteShareAsync(Authority authority, DeleteShareRequest request)
    {
        authority.Demand(Rights.Create);
        ShareRow share = await ResolveShareAsync(authority, request.ShareId);
        return await DeleteAsync(share, authority, "delete_share", (_, _) =>
        {
            authority.Demand(Rights.Create);
            return new ValueTask<bool>(true);
        }).ConfigureAwait(false);
    }

    /// <summary>
    /// Deletes a share if it has no later op than the caller knows and was not kept since; returns whether it did.
    /// </summary>
    /// <param name="share">The share.</param>
    /// <param name="head">The newest op that the caller knows.</param>
    public Task<bool> ExpireAsync(ShareRow share, long head) =>
        DeleteAsync(share, authority: null, "expire_share", async (scope, current) => current.Head == head
            && (await scope.Transaction.FindShareAsync(share.Key))?.KeptMs == share.KeptMs);

    private async Task<bool> DeleteAsync(
        ShareRow share, Authority? authority, string action, Func<CommitScope, LogShare, ValueTask<bool>> isMeant)
    {
        bool isDeleted = false;
        await CommitAsync(
            async scope =>
            {
                LogShare current = await scope.Shares.GetAsync(scope.Transaction, share.Key);
                isDeleted = await isMeant(scope, current);
                if (!isDeleted || current.State == ShareState.Deleted) return true;
                scope.Transaction.SetShareState(share.Key, current.State = ShareState.Deleted);
                await ShareRoom.ReleaseAsync(scope.Transaction, share.OwnerRefKey);
                scope.Transaction.InsertAudit(
                    new AuditRow(scope.NowMs, action, authority?.Ref.Key, share.Key, null));
                return true;
            },
            () =>
            {
                if (!isDeleted) return;

                // Only now: unlike a revocation, a deletion takes effect only once durable.
                registry.Deny(share.OwnerRefKey, ErrorCode.ShareDeleted);
                registry.Settle(share.OwnerRefKey);
            },
            share.Key).ConfigureAwait(false);
        if (!isDeleted) return false;
        eraser.Wake();
        await node.ConfirmAsync(isOfManyShares: false);
        return true;
    }

    private static CapabilityCreated Created(RefRow row) => new() { CapId = row.CapId, Epoch = row.Epoch };

    private Task<T> CommitAsync<T>(
        Func<CommitScope, ValueTask<T>> execute, Action? onDurable = null, long? ended = null)
    {
        var work = new CommitWork<T>(execute, onDurable) { ShareKey = ended, IsAlone = ended is not null };
        queue.Enqueue(work);
        return work.Completion;
    }

    /// <summary>Returns a new verifier; for an existing ref the stored one, or "" if the passphrase differs.</summary>
    private async Task<string?> PassphraseOfAsync(string capId, string? digest)
    {
        if (digest is null) return null;
        RefRow? known;
        await using (IReadSnapshot snapshot = await store.BeginReadAsync()) known = await snapshot.FindRefAsync(capId);
        if (known is null) return await passphrases.HashAsync(digest, CancellationToken.None).ConfigureAwait(false);
        bool isSame = known.Passphrase is { } phc
            && await passphrases.FitsAsync(phc, digest, CancellationToken.None).ConfigureAwait(false);
        return isSame ? known.Passphrase : "";
    }

    /// <summary>The owner ref may be retired, but must be alive, or its child would be dead.</summary>
    private static void CheckParent(Authority authority, IReadOnlyList<RefRow> chain, long nowMs)
    {
        if (!chain.Any(row => row.Key == authority.Ref.Key)) throw new ShareRpcException(ErrorCode.NotFound);
        CapabilityChain.Check([chain[0] with { RetiredMs = null }, .. chain.Skip(1)], nowMs);
    }

    private async ValueTask<ShareRow> ResolveShareAsync(Authority authority, string? shareId)
    {
        if (!RandomId.IsValid(shareId)) throw new ShareRpcException(ErrorCode.InvalidParams);
        await using IReadSnapshot snapshot = await store.BeginReadAsync();
        ShareRow? share = await snapshot.FindShareAsync(shareId);
        bool isInReach = share is not null
            && (await snapshot.ReadChainAsync(share.OwnerRefKey)).Any(row => row.Key == authority.Ref.Key);
        return isInReach ? share! : throw new ShareRpcException(ErrorCode.NotFound);
    }
}
