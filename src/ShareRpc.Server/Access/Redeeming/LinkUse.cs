using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access.Redeeming;

/// <summary>
/// One use of a ref (SPEC [GRANT-1] to [GRANT-5]): counts it and stores its grant in one transaction, before the reply.
/// </summary>
internal sealed class LinkUse(
    FoundRef found, GrantRequest? asked, string? address, TokenVerifier tokens, ServerLimits limits,
    RedemptionLimits guard)
{
    public bool IsGiving { get; } = asked is not null && Gives(found.Chain);

    public bool IsNeeded => IsGiving || found.Chain.Any(link => IsCounted(link, found.Row));

    /// <summary>Gets whether the ref can be read without it: it gives a grant for comments alone.</summary>
    public bool IsForCommentsOnly => !IsGrantRequired && !IsCountedOrLocked(found.Chain)
        && !found.Chain.Any(link => IsCounted(link, found.Row));

    public bool IsGrantRequired { get; init; }

    public async ValueTask<IReadOnlyList<RefRow>> TakeAsync(CommitScope scope)
    {
        IWriteTransaction transaction = scope.Transaction;
        IReadOnlyList<RefRow> chain = await transaction.LockChainAsync(found.Row.Key);
        RefRow link = chain[0];
        CapabilityChain.Check(chain, scope.NowMs);
        if (link.Epoch != found.Row.Epoch) throw CapabilityChain.Refusal(link, ErrorCode.CapabilityRevoked);
        if (IsGiving && await FindAsync(transaction, link) is { } known)
        {
            CapabilityChain.Check([known, .. chain], scope.NowMs);
            return [known, .. chain];
        }

        bool isGranted = IsGiving
            && await transaction.CountGrantsAsync(link, scope.NowMs, limits.GrantsPerLink) < limits.GrantsPerLink
            && guard.TryTakeGrant(link);
        if (IsGrantRequired && !isGranted)
        {
            throw new ShareRpcException(ErrorCode.Overloaded) { RetryAfter = limits.OverloadedRetryAfter };
        }

        Count(transaction, chain, scope.NowMs);
        return isGranted ? [await GrantAsync(scope, chain), .. chain] : chain;
    }

    /// <summary>
    /// Only a counted or locked ref gives grants, and one that comments, so that authors differ; a grant gives none,
    /// nor does an owner ref for its comments.
    /// </summary>
    private static bool Gives(IReadOnlyList<RefRow> chain) =>
        !chain[0].IsGrant && (IsCountedOrLocked(chain) || CapabilityChain.CommentsByGrant(chain));

    private static bool IsCountedOrLocked(IReadOnlyList<RefRow> chain) =>
        chain[0].Passphrase is not null || chain.Any(link => link.Caveats.MaxUses is not null);

    private static bool IsCounted(RefRow link, RefRow redeemed) => !redeemed.IsGrant
        && (link.Caveats.MaxUses is not null
            || (link.Key == redeemed.Key && link is { Caveats.UnusedExpiresAtMs: not null, UsedMs: null }));

    private static void Count(IWriteTransaction transaction, IReadOnlyList<RefRow> chain, long nowMs)
    {
        if (CapabilityChain.IsUsedUp(chain)) throw new ShareRpcException(ErrorCode.CapabilityUsedUp);
        foreach (RefRow link in chain.Where(link => IsCounted(link, chain[0]))) transaction.CountUse(link.Key, nowMs);
    }

    private async ValueTask<RefRow?> FindAsync(IWriteTransaction transaction, RefRow link)
    {
        RefRow? known = await transaction.FindRefAsync(asked!.CapId);
        if (known is null && !await transaction.IsRefGoneAsync(asked.CapId)) return null;
        bool isIts = known is { IsGrant: true } && known.ParentKey == link.Key
            && tokens.Fits(known.Verifier, asked.TokenDigest);
        return isIts ? known : throw new ShareRpcException(ErrorCode.IdTaken);
    }

    private async ValueTask<RefRow> GrantAsync(CommitScope scope, IReadOnlyList<RefRow> chain)
    {
        RefRow link = chain[0];
        long lasts = chain.Min(ancestor => ancestor.Caveats.GrantMs) ?? (long)limits.GrantTime.TotalMilliseconds;
        long ends = scope.NowMs + lasts;
        ends = Math.Min(ends, chain.Min(ancestor => ancestor.Caveats.ExpiresAtMs) ?? ends);
        var row = new RefRow
        {
            CapId = asked!.CapId, ShareKey = link.ShareKey, ParentKey = link.Key, ParentEpoch = link.Epoch,
            Depth = link.Depth + 1, Rights = link.Rights, Caveats = new Caveats { ExpiresAtMs = ends },
            Verifier = tokens.Of(asked.TokenDigest), CreatedMs = scope.NowMs, GrantEndsMs = ends,
        };
        row = row with { Key = await scope.Transaction.InsertRefAsync(row) };
        scope.Transaction.InsertAudit(new AuditRow(scope.NowMs, "grant", link.Key, link.ShareKey, row.Key, address));
        return row;
    }
}
