using Microsoft.AspNetCore.Http;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Http;

internal sealed class HttpAccess(Redeemer redeemer, AuthorityRegistry registry)
{
    private const string Scheme = "Bearer ";

    public static string? BearerOf(HttpRequest request)
    {
        string? header = request.Headers.Authorization;
        if (string.IsNullOrEmpty(header)) return null;
        return header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..].Trim() : "";
    }

    /// <summary>Redeems a share's token; another share's id gives <c>invalid_token</c>, as for a wrong token.</summary>
    public async Task<HttpAuthority> RedeemShareAsync(string? token, string? shareId, HttpContext context)
    {
        Redemption redemption = await RedeemAsync(token, context).ConfigureAwait(false);
        var authority = new HttpAuthority(redemption, registry);
        if (redemption.Share is { } share && (shareId is null || share.ShareId == shareId)) return authority;
        authority.Dispose();
        throw new ShareRpcException(redemption.Share is null ? ErrorCode.Forbidden : ErrorCode.InvalidToken);
    }

    public async Task<HttpAuthority> RedeemRootAsync(string? token, HttpContext context) =>
        ToRoot(await RedeemAsync(token, context).ConfigureAwait(false));

    public async ValueTask<HttpAuthority> AdmitRootAsync(RefRow row) => ToRoot(await redeemer.AdmitAsync(row));

    public Task<FoundRef> FindAsync(string? token, HttpContext context) =>
        redeemer.FindAsync(token, ClientAddress.Of(context), context.RequestAborted);

    public async Task<GrantAnswer> GrantAsync(string? token, GrantCall call, HttpContext context)
    {
        FoundRef found = await FindAsync(token, context).ConfigureAwait(false);
        var terms = new RedemptionTerms(OfShare: true, call.Passphrase, call.ToGrant(), ClientAddress.Of(context));
        GrantInfo? made = await redeemer.GrantAsync(found, terms, context.RequestAborted).ConfigureAwait(false);
        Caveats caveats = new EffectiveCaveats(found.Chain).ToWire();
        return new GrantAnswer(
            found.Share?.ShareId, made?.CapId, made?.ExpiresAtMs, found.Row.Rights.ToNames(), caveats);
    }

    private Task<Redemption> RedeemAsync(string? token, HttpContext context) =>
        redeemer.RedeemRequestAsync(token, ClientAddress.Of(context), context.RequestAborted);

    private HttpAuthority ToRoot(Redemption redemption)
    {
        var authority = new HttpAuthority(redemption, registry);
        if (redemption.Share is null) return authority;
        authority.Dispose();
        throw new ShareRpcException(ErrorCode.Forbidden);
    }
}
