using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Capabilities;

/// <summary>
/// Turns a token or ticket into a live authority. The holder of a wrong token learns nothing; the holder of a once-valid one learns what
/// became of it.
/// </summary>
internal sealed class Redeemer(
    IShareStore store, TokenVerifier verifier, TicketBook tickets, VerifiedTokens verified, AuthorityRegistry registry, TimeProvider time)
{
    public async Task<Redemption> RedeemTokenAsync(string? text, CancellationToken cancellationToken)
    {
        ShareToken token = Parse(text);
        RefRow? row = Find(token);
        if (!await verifier.VerifyAsync(row, token.Digest, cancellationToken).ConfigureAwait(false))
        {
            throw new ShareRpcException(ErrorCode.InvalidToken);
        }

        return Admit(row!, ticketEnd: null);
    }

    /// <summary>
    /// The ref of a right token that comes with every request: the slow check is made now and then, not every time. Says nothing about
    /// whether the ref is alive; <see cref="Admit(RefRow)"/> does.
    /// </summary>
    public async Task<RefRow> AuthenticateAsync(string? text, CancellationToken cancellationToken)
    {
        ShareToken token = Parse(text);
        RefRow? row = Find(token);
        if (verifier.HasTag(row, token.Digest) && verified.Knows(row!, token.Digest)) return row!;
        if (!await verifier.VerifyAsync(row, token.Digest, cancellationToken).ConfigureAwait(false))
        {
            throw new ShareRpcException(ErrorCode.InvalidToken);
        }

        verified.Add(row!, token.Digest);
        return row!;
    }

    /// <summary>A live authority of a ref whose token was found right. The caller gives it back to the registry.</summary>
    public Redemption Admit(RefRow row) => Admit(row, ticketEnd: null);

    private static ShareToken Parse(string? text) =>
        ShareToken.TryParse(text, out ShareToken? token) ? token : throw new ShareRpcException(ErrorCode.InvalidToken);

    private RefRow? Find(ShareToken token)
    {
        using IReadSnapshot snapshot = store.BeginRead();
        return snapshot.FindRef(token.CapId);
    }

    public Redemption RedeemTicket(string ticket)
    {
        TicketBook.Entry entry = tickets.Take(ticket) ?? throw new ShareRpcException(ErrorCode.InvalidToken);
        RefRow row;
        using (IReadSnapshot snapshot = store.BeginRead()) row = snapshot.FindRef(entry.RefKey)!;
        if (row.RevokedMs is null && row.Epoch != entry.Epoch) throw new ShareRpcException(ErrorCode.InvalidToken);
        return Admit(row, entry.End);
    }

    private Redemption Admit(RefRow row, DateTimeOffset? ticketEnd)
    {
        IReadOnlyList<RefRow> chain;
        ShareRow? share;
        using (IReadSnapshot snapshot = store.BeginRead())
        {
            chain = snapshot.ReadChain(row.Key);
            share = row.ShareKey is { } key ? snapshot.FindShare(key) : null;
        }

        // Registered first, read afterwards: a revocation is in the rows read now, or finds the authority in the registry.
        var authority = new Authority(row, chain, share?.ShareId, time);
        registry.Add(authority);
        try
        {
            using IReadSnapshot snapshot = store.BeginRead();
            chain = snapshot.ReadChain(row.Key);
            share = row.ShareKey is { } key ? snapshot.FindShare(key) : null;
            CapabilityChain.Check(chain, time.GetUtcNow().ToUnixTimeMilliseconds());
            if (share is { State: ShareState.Deleted }) throw new ShareRpcException(ErrorCode.ShareDeleted);
            authority.Demand(Rights.None); // a revocation that the disk did not take is in no row
            return new Redemption(authority, share, ticketEnd);
        }
        catch
        {
            registry.Remove(authority);
            authority.Dispose();
            throw;
        }
    }
}
