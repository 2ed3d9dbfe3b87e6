using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Maintenance;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access.Redeeming;

/// <summary>
/// Turns a token into a live authority. The holder of a wrong token learns nothing; the holder of a once-valid one
/// learns what became of it. A redemption reads the store twice: to find the ref, and again once the authority is
/// registered.
/// </summary>
internal sealed class Redeemer(
    IShareStore store, CommitQueue queue, TokenVerifier tokens, PassphraseVerifier passphrases,
    AuthorityRegistry registry, RedemptionLimits guard, AuditBook audit, ServerLimits limits, TimeProvider time)
{
    private const int FormerSecrets = 16;
    private static readonly string NoDigest = new('0', 64);
    private string? decoy;

    /// <summary>Returns the ref of a right token; throws the refusal of a wrong one.</summary>
    public async Task<FoundRef> FindAsync(string? text, string? address, CancellationToken cancellationToken)
    {
        (FoundRef? found, ShareRpcException? refusal) =
            await TryFindAsync(text, address, cancellationToken).ConfigureAwait(false);
        return found ?? throw refusal!;
    }

    /// <summary>
    /// Returns the ref of a right token, or the refusal of a wrong one, not thrown: a flood of wrong tokens should cost
    /// no more than a flood of anything else. A malformed token, a wrong secret and an unknown ref are one answer and
    /// take one path.
    /// </summary>
    public async ValueTask<(FoundRef? Found, ShareRpcException? Refusal)> TryFindAsync(
        string? text, string? address, CancellationToken cancellationToken)
    {
        bool isToken = ShareToken.TryParse(text, out ShareToken? token);
        (FoundRef? found, ShareRpcException? refusal) = await LookAsync(isToken ? token : null, address);
        if (refusal?.Code == ErrorCode.RateLimited) await guard.HoldUpAsync(cancellationToken).ConfigureAwait(false);
        return (found, refusal);
    }

    /// <summary>
    /// Redeems: checks in this order that the ref is alive, its passphrase, and its kind; then counts the use, stores
    /// the grant, and registers the authority of what the caller holds, which the caller gives back to the registry.
    /// </summary>
    public Task<Redemption> RedeemAsync(
        FoundRef found, RedemptionTerms terms, IAdmissionReader? reader, CancellationToken cancellationToken) =>
        NotedAsync(found.Row, terms.Address, async () =>
        {
            await CheckAsync(found, terms, cancellationToken).ConfigureAwait(false);
            var use = new LinkUse(found, terms.Grant, terms.Address, tokens, limits);
            return await AdmitAsync(await TakeAsync(found, use).ConfigureAwait(false), found.Share, reader);
        });

    /// <summary>
    /// Makes a grant for a caller that keeps no connection; null when the link needs none, and nothing is counted then.
    /// </summary>
    public Task<GrantInfo?> GrantAsync(FoundRef found, RedemptionTerms terms, CancellationToken cancellationToken) =>
        NotedAsync(found.Row, terms.Address, async () =>
        {
            await CheckAsync(found, terms, cancellationToken).ConfigureAwait(false);
            var use = new LinkUse(found, terms.Grant, terms.Address, tokens, limits) { IsGrantRequired = true };
            return use.IsGiving ? InfoOf((await TakeAsync(found, use).ConfigureAwait(false))[0]) : null;
        });

    /// <summary>Redeems a token that comes with every request: each one is a use.</summary>
    public async Task<Redemption> RedeemRequestAsync(string? text, string? address, CancellationToken cancellationToken)
    {
        FoundRef found = await FindAsync(text, address, cancellationToken).ConfigureAwait(false);
        return await NotedAsync(found.Row, address, async () =>
        {
            CheckAlive(found);

            // A plain request has no place for one: POST /v1/grants has.
            if (found.Row.Passphrase is not null) throw new ShareRpcException(ErrorCode.PassphraseRequired);
            var use = new LinkUse(found, asked: null, address, tokens, limits);
            return await AdmitAsync(await TakeAsync(found, use).ConfigureAwait(false), found.Share);
        }).ConfigureAwait(false);
    }

    /// <summary>
    /// Returns a live authority of a ref that the server itself chose. The caller gives it back to the registry.
    /// </summary>
    public async ValueTask<Redemption> AdmitAsync(RefRow row)
    {
        IReadOnlyList<RefRow> chain;
        await using (IReadSnapshot snapshot = await store.BeginReadAsync())
        {
            chain = await snapshot.ReadChainAsync(row.Key);
        }

        return await AdmitAsync(chain, share: null);
    }

    /// <summary>Returns what the wire says of a grant; null for a ref that is none.</summary>
    public static GrantInfo? InfoOf(RefRow row) =>
        row.GrantEndsMs is { } ends ? new GrantInfo { CapId = row.CapId, ExpiresAtMs = ends } : null;

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

    /// <summary>Returns the ref whose token this is, or what another one is refused with.</summary>
    private async ValueTask<(FoundRef? Found, ShareRpcException? Refusal)> LookAsync(ShareToken? token, string? address)
    {
        string digest = token?.Digest ?? NoDigest;
        await using IReadSnapshot snapshot = await store.BeginReadAsync();
        RefRow? row = await snapshot.FindRefAsync(token?.CapId ?? "");
        if (tokens.Fits(row?.Verifier, digest))
        {
            IReadOnlyList<RefRow> chain = await snapshot.ReadChainAsync(row!.Key);
            ShareRow? share = row.ShareKey is { } key ? await snapshot.FindShareAsync(key) : null;
            return (new FoundRef(token!, chain, share), null);
        }

        ShareRpcException refusal = guard.RefuseToken(address);
        bool wasRight = refusal.Code != ErrorCode.RateLimited && await WasRightAsync(snapshot, row, digest);
        if (wasRight)
        {
            guard.GiveBackToken(address);
            refusal = CapabilityChain.Refusal(row!, ErrorCode.CapabilityRevoked);
        }

        audit.NoteRefusal(wasRight ? row : null, address, refusal.Code);
        return (null, refusal);
    }

    /// <summary>Returns true for the token of a ref before it was rotated.</summary>
    private async ValueTask<bool> WasRightAsync(IReadSnapshot snapshot, RefRow? row, string digest)
    {
        // One row was found or was not; now the other of the two, so that both answers took one of each.
        decoy ??= (await snapshot.ReadRefsAsync(default, 0, 1))[0].CapId;
        await snapshot.FindRefAsync(row is null ? decoy : "");
        bool wasRight = false;
        foreach (byte[] former in await snapshot.ReadFormerVerifiersAsync(row?.Key ?? 0, FormerSecrets))
        {
            wasRight |= tokens.Fits(former, digest);
        }

        return wasRight;
    }

    private void CheckAlive(FoundRef found)
    {
        CapabilityChain.Check(found.Chain, time.GetUtcNow().ToUnixTimeMilliseconds());
        if (found.Share is { State: ShareState.Deleted }) throw new ShareRpcException(ErrorCode.ShareDeleted);
    }

    private async Task CheckAsync(FoundRef found, RedemptionTerms terms, CancellationToken cancellationToken)
    {
        CheckAlive(found);
        if (found.Row.Passphrase is { } phc)
        {
            await CheckPassphraseAsync(found, phc, terms, cancellationToken).ConfigureAwait(false);
        }

        if (terms.OfShare != (found.Share is not null)) throw new ShareRpcException(ErrorCode.Forbidden);
    }

    private async Task CheckPassphraseAsync(
        FoundRef found, string phc, RedemptionTerms terms, CancellationToken cancellationToken)
    {
        if (terms.Passphrase is not { Length: > 0 and <= Passphrase.MaxLength })
        {
            throw new ShareRpcException(ErrorCode.PassphraseRequired);
        }

        guard.TakeGuess(found.Row, terms.Address);
        string digest = Passphrase.DigestOf(found.Token, terms.Passphrase);
        if (!await passphrases.FitsAsync(phc, digest, cancellationToken).ConfigureAwait(false))
        {
            throw new ShareRpcException(ErrorCode.PassphraseRequired);
        }

        guard.GiveBackGuess(found.Row, terms.Address);
    }

    private async Task<IReadOnlyList<RefRow>> TakeAsync(FoundRef found, LinkUse use)
    {
        if (!use.IsNeeded) return found.Chain;
        var work = new CommitWork<IReadOnlyList<RefRow>>(use.TakeAsync);
        queue.Enqueue(work);
        return await work.Completion.ConfigureAwait(false);
    }

    private async ValueTask<Redemption> AdmitAsync(IReadOnlyList<RefRow> chain, ShareRow? share,
        IAdmissionReader? reader = null)
    {
        RefRow row = chain[0];
        while (true)
        {
            // Registered first, read afterwards: a revocation is in the rows read now, or finds the authority in the
            // registry.
            var authority = new Authority(chain[0], chain, share?.ShareId, time);
            registry.Add(authority);
            try
            {
                if (share is not null) reader?.Begin(share);
                await using IReadSnapshot snapshot = await store.BeginReadAsync();
                chain = await snapshot.ReadChainAsync(row.Key);
                share = row.ShareKey is { } key ? await snapshot.FindShareAsync(key) : null;

                // Rotated since its secret was looked at.
                bool isRotated = chain[0].Epoch != row.Epoch && chain[0].RevokedMs is null;
                if (isRotated) throw CapabilityChain.Refusal(row, ErrorCode.CapabilityRevoked);
                CapabilityChain.Check(chain, time.GetUtcNow().ToUnixTimeMilliseconds());
                if (share is { State: ShareState.Deleted }) throw new ShareRpcException(ErrorCode.ShareDeleted);
                authority.Demand(Rights.None); // a revocation that the disk did not take is in no row
                if (chain.Select(link => (link.Key, link.Epoch)).SequenceEqual(authority.Chain))
                {
                    if (reader is not null) await reader.ReadAsync(snapshot, authority);
                    return new Redemption(authority, share);
                }
            }
            catch
            {
                Forget(authority);
                throw;
            }

            Forget(authority); // it has other ancestors by now: once more, with those
        }
    }

    private void Forget(Authority authority)
    {
        registry.Remove(authority);
        authority.Dispose();
    }
}
