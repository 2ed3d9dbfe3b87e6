using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Changes;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Maintenance;
using ShareRpc.Server.Read;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Opencode;

/// <summary>
/// Shares for a client that cannot choose ids and secrets: below the creator an owner ref without a usable token, and
/// below it an append and a read ref per time shared.
/// </summary>
internal sealed class OpencodeShares(
    IShareStore store, CommitQueue queue, TokenVerifier tokens, AuthorityRegistry registry, Broadcaster broadcaster,
    ShareEraser eraser, IServerNode node, ServerOptions options, TimeProvider time, ILogger<OpencodeShares> log)
{
    private const string Label = "opencode";
    private readonly Action? erase = options.EraseUnshared ? eraser.Wake : null;

    /// <summary>
    /// The share of a session, with a further secret and link when this creator has shared it before; otherwise a new
    /// one. With
    /// <paramref name="isOpen"/> always a new one: nobody gets access for knowing a session's id.
    /// </summary>
    public async Task<SharedSession> ShareAsync(Authority creator, string? sessionId, bool isOpen)
    {
        if (!OpRules.IsKey(sessionId)) throw new ShareRpcException(ErrorCode.InvalidParams);
        creator.Demand(Rights.Create);
        ShareToken append = ShareToken.New(RandomId.New());
        ShareToken read = ShareToken.New(RandomId.New());
        var work = new CommitWork<string>(async scope =>
        {
            creator.Demand(Rights.Create);
            (ShareRow share,
                RefRow owner) = (isOpen ? null : await FindSharedAsync(scope.Transaction, creator, sessionId!))
                ?? await CreateShareAsync(scope, creator, sessionId!);
            await InsertAsync(scope, creator, owner, append, Rights.Append | Rights.End);
            await InsertAsync(scope, creator, owner, read, Rights.Read);
            return share.ShareId;
        })
        {
            IsAlone = creator.Caveats.Rooms.Count > 0, // as of shares that are created otherwise
        };
        queue.Enqueue(work);
        return new SharedSession(await work.Completion.ConfigureAwait(false), append, read);
    }

    /// <summary>
    /// Labels the share with its session's title; ends when that is durable. Does nothing if it has that label.
    /// </summary>
    public async Task NameAsync(Authority holder, ShareRow share, string title)
    {
        string label = RefRequest.ToLabel(title);
        if (label.Length == 0 || label == share.Label) return;
        var work = new CommitWork<bool>(scope =>
        {
            holder.Demand(Rights.Append);
            scope.Transaction.SetShareLabel(share.Key, label);
            return ValueTask.FromResult(true);
        });
        queue.Enqueue(work);
        await work.Completion.ConfigureAwait(false);
    }

    /// <summary>
    /// Ends the share and revokes its refs. Returns once durable; until then denied in memory and retried, even if the
    /// caller is gone.
    /// </summary>
    public async Task UnshareAsync(Authority holder)
    {
        holder.Demand(Rights.End);
        IReadOnlyList<RefRow> refs;
        await using (IReadSnapshot snapshot = await store.BeginReadAsync()) refs = await snapshot.ReadSessionRefsAsync(
            holder.Ref.ShareKey!.Value);
        if (!refs.Any(row => row.Key == holder.Ref.Key)) throw new ShareRpcException(ErrorCode.Forbidden);
        for (bool isProven = false; ; isProven = true)
        {
            var work = new UnshareWork(holder, refs, isProven, erase, registry, broadcaster, options.ServerLimits, log);
            try
            {
                queue.Enqueue(work);
                await work.Completion.ConfigureAwait(false);
                await node.ConfirmAsync(isOfManyShares: false).ConfigureAwait(false);
                return;
            }
            catch (ShareRpcException error) when (error.Code == ErrorCode.RevocationNotDurable)
            {
                await Task.Delay(options.ServerLimits.StorageRetryAfter, time).ConfigureAwait(false);
            }
        }
    }

    private static async ValueTask<(ShareRow Share, RefRow Owner)?> FindSharedAsync(IWriteTransaction transaction,
        Authority creator, string sessionId)
    {
        if (await transaction.FindSessionShareAsync(creator.Ref.Key, sessionId) is not { } known) return null;
        ShareRow share = (await transaction.FindShareAsync(known.ShareKey))!;
        RefRow owner = (await transaction.FindRefAsync(share.OwnerRefKey))!;
        bool isAlive = share.State == ShareState.Active && owner.RevokedMs is null
            && owner.ParentEpoch == creator.Ref.Epoch;
        return isAlive ? (share, owner) : null;
    }

    private async ValueTask<(ShareRow Share, RefRow Owner)> CreateShareAsync(CommitScope scope, Authority creator,
        string sessionId)
    {
        IWriteTransaction transaction = scope.Transaction;
        var request = new AttenuateRequest
        {
            CapId = RandomId.New(), TokenDigest = "", Rights = RefRequest.OwnerOf(creator.Ref), Label = Label,
        };

        RefRow row = RefRequest.ChildOf(creator.Ref, request, TokenVerifier.None(), scope.NowMs, options.Limits);
        await ShareRoom.TakeShareAsync(transaction, await transaction.ReadChainAsync(creator.Ref.Key));
        long shareKey = await transaction.InsertShareAsync(RandomId.New(), creator.Ref.Key, Label, scope.NowMs);
        RefRow owner = row with { ShareKey = shareKey };
        long refKey = await transaction.InsertRefAsync(owner);
        transaction.SetOwner(shareKey, refKey);
        transaction.InsertSessionShare(new SessionShareRow(shareKey, creator.Ref.Key, sessionId));
        transaction.InsertSessionRef(shareKey, refKey);
        transaction.InsertAudit(new AuditRow(scope.NowMs, "create_share", creator.Ref.Key, shareKey, refKey));
        return ((await transaction.FindShareAsync(shareKey))!, owner with { Key = refKey });
    }

    private async ValueTask InsertAsync(CommitScope scope, Authority creator, RefRow owner, ShareToken token,
        Rights rights)
    {
        var request = new AttenuateRequest
        {
            CapId = token.CapId, TokenDigest = token.Digest, Rights = rights.ToNames(), Label = Label,
        };
        RefRow row = RefRequest.ChildOf(owner, request, tokens.Of(token.Digest), scope.NowMs, options.Limits);
        long key = await scope.Transaction.InsertRefAsync(row);
        scope.Transaction.InsertSessionRef(owner.ShareKey!.Value, key);
        scope.Transaction.InsertAudit(new AuditRow(scope.NowMs, "attenuate", creator.Ref.Key, owner.ShareKey, key));
    }
}
