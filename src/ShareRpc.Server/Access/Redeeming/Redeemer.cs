using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Maintenance;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access.Redeeming;

/// <summary>
/// Turns tokens into live authorities. Wrong tokens reveal nothing; once-valid ones get the ref's state.
/// </summary>
internal sealed class Redeemer(
    IShareStore store, CommitQueue queue, TokenVerifier tokens, PassphraseVerifier passphrases,
    AuthorityRegistry registry, RedemptionLimits guard, AuditBook audit, ServerLimits limits, TimeProvider time,
    IServerNode node)
{
    private const int FormerSecrets = 16;
    private static readonly string NoDigest = new('0', 64);
    private string? decoy;

    public async Task<FoundRef> FindAsync(string? text, string? address, CancellationToken cancellationToken)
    {
        (FoundRef? found, ShareRpcException? refusal) =
            await TryFindAsync(text, address, cancellationToken).ConfigureAwait(false);
        return found ?? throw refusal!;
    }

    /// <summary>
    /// Does not throw for a wrong token: a flood must stay cheap. Malformed token, wrong secret and unknown ref get the
    /// same answer on the same path.
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
    /// Checks ref, passphrase and kind in this order; counts the use, stores the grant and registers the authority,
    /// which the caller returns to the registry.
    /// </summary>
    public Task<Redemption> RedeemAsync(
        FoundRef found, RedemptionTerms terms, IAdmissionReader? reader, CancellationToken cancellationToken) =>
        NotedAsync(found.Row, terms.Address, async () =>
        {
            await CheckAsync(found, terms, cancellationToken).ConfigureAwait(false);
            var use = new LinkUse(found, terms.Grant, terms.Address, tokens, limits, guard);
            return await AdmitAsync(await TakeAsync(found, use).ConfigureAwait(false), found.Share, reader);
        });

    /// <summary>Grants without connection; null, and nothing counted, if the link needs none.</summary>
    public Task<GrantInfo?> GrantAsync(FoundRef found, RedemptionTerms terms, CancellationToken cancellationToken) =>
        NotedAsync(found.Row, terms.Address, async () =>
        {
            await CheckAsync(found, terms, cancellationToken).ConfigureAwait(false);
            var use = new LinkUse(found, terms.Grant, terms.Address, tokens, limits, guard) { IsGrantRequired = true };
            return use.IsGiving ? InfoOf((await TakeAsync(found, use).ConfigureAwait(false))[0]) : null;
        });

    public async Task<Redemption> RedeemRequestAsync(string? text, string? address, CancellationToken cancellationToken)
    {
        FoundRef found = await FindAsync(text, address, cancellationToken).ConfigureAwait(false);
        return await NotedAsync(found.Row, address, async () =>
        {
            CheckAlive(found);

            // Plain requests cannot carry a passphrase: use POST /v1/grants.
            if (found.Row.Passphrase is not null) throw new ShareRpcException(ErrorCode.PassphraseRequired);
            var use = new LinkUse(found, asked: null, address, tokens, limits, guard);
            return await AdmitAsync(await TakeAsync(found, use).ConfigureAwait(false), found.Share);
        }).ConfigureAwait(false);
    }

    /// <summary>The caller returns the authority to the registry.</summary>
    public async ValueTask<Redemption> AdmitAsync(RefRow row)
    {
        IReadOnlyList<RefRow> chain;
        await using (IReadSnapshot snapshot = await store.BeginReadAsync())
        {
            chain = await snapshot.ReadChainAsync(row.Key);
        }

        return await AdmitAsync(chain, share: null);
    }

    public static GrantInfo? InfoOf(RefRow row) =>
        row.GrantEndsMs is { } ends ? new GrantInfo { CapId = row.CapId, ExpiresAtMs = ends } : null;

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

    /// <summary>Returns true if the token was valid before a rotation.</summary>
    private async ValueTask<bool> WasRightAsync(IReadSnapshot snapshot, RefRow? row, string digest)
    {
        // Reads the opposite case too, so that both answers read one hit and one miss.
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

        await guard.TakeGuessAsync(found.Row, terms.Address);
        string digest = Passphrase.DigestOf(found.Token, terms.Passphrase);
        if (!await passphrases.FitsAsync(phc, digest, cancellationToken).ConfigureAwait(false))
        {
            throw new ShareRpcException(ErrorCode.PassphraseRequired);
        }

        await guard.GiveBackGuessAsync(found.Row, terms.Address);
    }

    private async Task<IReadOnlyList<RefRow>> TakeAsync(FoundRef found, LinkUse use)
    {
        if (!use.IsNeeded) return found.Chain;
        var work = new CommitWork<IReadOnlyList<RefRow>>(use.TakeAsync);
        try
        {
            queue.Enqueue(work);
            return await work.Completion.ConfigureAwait(false);
        }
        catch (ShareRpcException error) when (error.Code == ErrorCode.StorageUnavailable && use.IsForCommentsOnly)
        {
            return found.Chain;
        }
    }

    private async ValueTask<Redemption> AdmitAsync(IReadOnlyList<RefRow> chain, ShareRow? share,
        IAdmissionReader? reader = null)
    {
        RefRow row = chain[0];
        while (true)
        {
            // Registered before the read: a revocation is in the rows or finds the authority.
            var authority = new Authority(chain[0], chain, share?.ShareId, time, node);
            registry.Add(authority);
            try
            {
                if (share is not null) reader?.Begin(share);
                await using IReadSnapshot snapshot = await store.BeginReadAsync();
                chain = await snapshot.ReadChainAsync(row.Key);
                share = row.ShareKey is { } key ? await snapshot.FindShareAsync(key) : null;

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
