using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Maintenance;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access.Redeeming;

/// <summary>
/// Turns a token or ticket into a live authority. The holder of a wrong token learns nothing; the holder of a once-valid one learns what
/// became of it.
/// </summary>
internal sealed class Redeemer(
    IShareStore store, CommitQueue queue, TokenVerifier verifier, TicketBook tickets, VerifiedTokens verified, AuthorityRegistry registry,
    RedemptionLimits guard, AuditBook audit, TimeProvider time)
{
    private const int FormerSecrets = 16;
    private string? decoy;

    /// <param name="text">The token.</param>
    /// <param name="passphrase">If the ref has one.</param>
    /// <param name="ofShare">
    /// What the caller can use: the capability of a share, or one of the root or of a creator. The other kind counts no use.
    /// </param>
    /// <param name="address">Where it came from, as far as that is known.</param>
    /// <param name="cancellationToken">The caller has gone.</param>
    public async Task<Redemption> RedeemTokenAsync(
        string? text, string? passphrase, bool ofShare, string? address, CancellationToken cancellationToken)
    {
        (ShareToken token, RefRow row) = await VerifyAsync(text, address, cancellationToken).ConfigureAwait(false);
        return await NotedAsync(row, address, async () =>
        {
            if (row.Passphrase is not null)
            {
                CheckAlive(row);
                await CheckPassphraseAsync(row, token, passphrase, address, cancellationToken).ConfigureAwait(false);
            }

            if (ofShare == (row.ShareKey is not null)) await CountUseAsync(row).ConfigureAwait(false);
            return Admit(row, ticketEnd: null);
        }).ConfigureAwait(false);
    }

    /// <summary>
    /// A token that comes with every request. Every request is a use.
    /// </summary>
    public async Task<Redemption> RedeemRequestAsync(string? text, string? address, CancellationToken cancellationToken)
    {
        RefRow row = await AuthenticateAsync(text, address, cancellationToken).ConfigureAwait(false);
        return await NotedAsync(row, address, async () =>
        {
            // a plain request has no place for one
            if (row.Passphrase is not null) throw new ShareRpcException(ErrorCode.PassphraseRequired);
            await CountUseAsync(row).ConfigureAwait(false);
            return Admit(row, ticketEnd: null);
        }).ConfigureAwait(false);
    }

    /// <summary>The ref of a right token. Says nothing about whether the ref is alive.</summary>
    public async Task<RefRow> AuthenticateAsync(string? text, string? address, CancellationToken cancellationToken)
    {
        (_, RefRow row) = await VerifyAsync(text, address, cancellationToken).ConfigureAwait(false);
        return row;
    }

    /// <summary>
    /// The refusal of a text that is not the token of a ref, as far as its tag tells; null when the tag is right. Not thrown: a flood of
    /// wrong tokens should cost no more than a flood of anything else.
    /// </summary>
    public async ValueTask<ShareRpcException?> RefuseWrongAsync(string? text, string? address, CancellationToken cancellationToken)
    {
        RefRow? row = ShareToken.TryParse(text, out ShareToken? token) ? Find(token) : null;
        if (token is not null && verifier.HasTag(row, token.Digest)) return null;
        return await RefusalAsync(token, row, address, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A live authority of a ref whose token was found right. The caller gives it back to the registry.</summary>
    public Redemption Admit(RefRow row) => Admit(row, ticketEnd: null);

    public Redemption RedeemTicket(string ticket, string? address)
    {
        TicketBook.Entry entry = tickets.Take(ticket) ?? throw new ShareRpcException(ErrorCode.InvalidToken);
        RefRow row;
        using (IReadSnapshot snapshot = store.BeginRead()) row = snapshot.FindRef(entry.RefKey)!;
        if (row.RevokedMs is null && row.Epoch != entry.Epoch) throw new ShareRpcException(ErrorCode.InvalidToken);
        Redemption redemption = Admit(row, entry.End);
        audit.NoteRedemption(row, address);
        return redemption;
    }

    /// <summary>Notes what became of a redemption by a right token.</summary>
    private async Task<T> NotedAsync<T>(RefRow row, string? address, Func<Task<T>> redeem)
    {
        try
        {
            T redeemed = await redeem().ConfigureAwait(false);
            audit.NoteRedemption(row, address);
            return redeemed;
        }
        catch (ShareRpcException error)
        {
            audit.NoteRefusal(row, address, error.Code);
            throw;
        }
    }

    private RefRow? Find(ShareToken token)
    {
        using IReadSnapshot snapshot = store.BeginRead();
        return snapshot.FindRef(token.CapId);
    }

    /// <summary>A malformed token, a wrong secret and an unknown ref are one answer, and as far as it goes one path.</summary>
    private async Task<(ShareToken Token, RefRow Row)> VerifyAsync(string? text, string? address, CancellationToken cancellationToken)
    {
        RefRow? row = ShareToken.TryParse(text, out ShareToken? token) ? Find(token) : null;
        bool Knows(RefRow known) => verified.Knows(known, token!.Digest);

        // The slow check is made now and then, not for each of a thousand viewers of one link that come back at once.
        if (token is not null && verifier.HasTag(row, token.Digest) && Knows(row!)) return (token, row!);
        if (token is null || !await verifier.VerifyAsync(row, token.Digest, Knows, cancellationToken).ConfigureAwait(false))
        {
            throw await RefusalAsync(token, row, address, cancellationToken).ConfigureAwait(false);
        }

        if (!Knows(row!)) verified.Add(row!, token.Digest);
        if (!verifier.IsCurrent(row!.Verifier)) await UpgradeAsync(row, token.Digest, cancellationToken).ConfigureAwait(false);
        return (token, row);
    }

    /// <summary>Notes a token that is not right, and says what it is answered, when it is time to.</summary>
    private async Task<ShareRpcException> RefusalAsync(
        ShareToken? token, RefRow? row, string? address, CancellationToken cancellationToken)
    {
        ShareRpcException error = guard.RefuseToken(address);
        bool isLimited = error.Code == ErrorCode.RateLimited;
        bool wasRight = !isLimited && token is not null && await WasRightAsync(row, token, cancellationToken).ConfigureAwait(false);
        if (wasRight)
        {
            guard.GiveBackToken(address);
            error = new ShareRpcException(ErrorCode.CapabilityRevoked);
        }

        audit.NoteRefusal(wasRight ? row : null, address, error.Code);
        if (isLimited) await guard.HoldUpAsync(cancellationToken).ConfigureAwait(false);
        return error;
    }

    private async Task<bool> WasRightAsync(RefRow? row, ShareToken token, CancellationToken cancellationToken)
    {
        IReadOnlyList<FormerSecret> former;
        using (IReadSnapshot snapshot = store.BeginRead())
        {
            // One row was found or was not; now the other of the two, so that both answers took one of each.
            decoy ??= snapshot.ReadRefs(default, 0, 1)[0].CapId;
            snapshot.FindRef(row is null ? decoy : "");
            former = snapshot.ReadFormerSecrets(row?.Key ?? 0, FormerSecrets);
        }

        return await verifier.WasOfAsync(former, token.Digest, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The same secret at today's cost. Should it not come about, the next redemption tries again.</summary>
    private async Task UpgradeAsync(RefRow row, string digest, CancellationToken cancellationToken)
    {
        try
        {
            string phc = await verifier.HashAsync(digest, cancellationToken).ConfigureAwait(false);
            var work = new CommitWork<bool>(scope =>
            {
                scope.Transaction.SetVerifier(row.Key, row.Verifier, phc);
                return true;
            });
            queue.Enqueue(work);
            await work.Completion.ConfigureAwait(false);
        }
        catch (ShareRpcException)
        {
            // Busy, or out of disk: the old verifier is as right as ever.
        }
    }

    private void CheckAlive(RefRow row)
    {
        using IReadSnapshot snapshot = store.BeginRead();
        CapabilityChain.Check(snapshot.ReadChain(row.Key), time.GetUtcNow().ToUnixTimeMilliseconds());
    }

    private async Task CheckPassphraseAsync(
        RefRow row, ShareToken token, string? passphrase, string? address, CancellationToken cancellationToken)
    {
        if (passphrase is null or { Length: 0 or > Passphrase.MaxLength }) throw new ShareRpcException(ErrorCode.PassphraseRequired);
        guard.TakeGuess(row, address);
        string digest = Passphrase.DigestOf(token, passphrase);
        if (!await verifier.MatchesAsync(row.Passphrase!, digest, cancellationToken).ConfigureAwait(false))
        {
            throw new ShareRpcException(ErrorCode.PassphraseRequired);
        }

        guard.GiveBackGuess(row, address);
    }

    /// <summary>
    /// Counts a redemption by token where a caveat asks for it, durably and before the redemption is answered: a reply that is lost has
    /// used it up all the same.
    /// </summary>
    private async Task CountUseAsync(RefRow row)
    {
        IReadOnlyList<RefRow> chain;
        using (IReadSnapshot snapshot = store.BeginRead()) chain = snapshot.ReadChain(row.Key);
        if (!chain.Any(link => IsCounted(link, row))) return;
        var work = new CommitWork<bool>(scope =>
        {
            IReadOnlyList<RefRow> current = scope.Transaction.ReadChain(row.Key);
            CapabilityChain.Check(current, scope.NowMs);
            if (current.Any(link => link.Uses >= link.Caveats.MaxUses)) throw new ShareRpcException(ErrorCode.CapabilityUsedUp);
            foreach (RefRow link in current.Where(link => IsCounted(link, row))) scope.Transaction.CountUse(link.Key, scope.NowMs);
            return true;
        });
        queue.Enqueue(work);
        await work.Completion.ConfigureAwait(false);
    }

    private static bool IsCounted(RefRow link, RefRow redeemed) =>
        link.Caveats.MaxUses is not null || (link.Key == redeemed.Key && link is { Caveats.UnusedExpiresAtMs: not null, UsedMs: null });

    private Redemption Admit(RefRow row, DateTimeOffset? ticketEnd)
    {
        while (true)
        {
            IReadOnlyList<RefRow> chain;
            ShareRow? share;
            using (IReadSnapshot snapshot = store.BeginRead())
            {
                chain = snapshot.ReadChain(row.Key);
                share = row.ShareKey is { } key ? snapshot.FindShare(key) : null;
            }

            // Rotated since its secret was looked at.
            if (chain[0].Epoch != row.Epoch && chain[0].RevokedMs is null) throw new ShareRpcException(ErrorCode.CapabilityRevoked);

            // Registered first, read afterwards: a revocation is in the rows read now, or finds the authority in the registry.
            var authority = new Authority(chain[0], chain, share?.ShareId, time);
            registry.Add(authority);
            try
            {
                using IReadSnapshot snapshot = store.BeginRead();
                IReadOnlyList<RefRow> current = snapshot.ReadChain(row.Key);
                share = row.ShareKey is { } key ? snapshot.FindShare(key) : null;
                CapabilityChain.Check(current, time.GetUtcNow().ToUnixTimeMilliseconds());
                if (share is { State: ShareState.Deleted }) throw new ShareRpcException(ErrorCode.ShareDeleted);
                authority.Demand(Rights.None); // a revocation that the disk did not take is in no row
                if (current.Select(link => (link.Key, link.Epoch)).SequenceEqual(authority.Chain))
                {
                    return new Redemption(authority, share, ticketEnd);
                }
            }
            catch
            {
                registry.Remove(authority);
                authority.Dispose();
                throw;
            }

            // It has other ancestors by now: once more, with those.
            registry.Remove(authority);
            authority.Dispose();
        }
    }
}
