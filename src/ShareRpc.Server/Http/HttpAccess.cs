using Microsoft.AspNetCore.Http;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Capabilities;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Http;

/// <summary>From the token that a request brings to its authority, by the same redeemer as everywhere.</summary>
internal sealed class HttpAccess(Redeemer redeemer, AuthorityRegistry registry)
{
    private const string Scheme = "Bearer ";

    /// <summary>The token of the <c>Authorization</c> header; null without one.</summary>
    public static string? BearerOf(HttpRequest request)
    {
        string? header = request.Headers.Authorization;
        if (string.IsNullOrEmpty(header)) return null;
        return header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..].Trim() : "";
    }

    /// <summary>
    /// The authority of a share's token. When a share id is given and is not the token's, that is <c>invalid_token</c>, as for a wrong one.
    /// </summary>
    public async Task<HttpAuthority> RedeemShareAsync(string? token, string? shareId, CancellationToken cancellationToken)
    {
        Redemption redemption = redeemer.Admit(await AuthenticateAsync(token, cancellationToken).ConfigureAwait(false));
        var authority = new HttpAuthority(redemption, registry);
        if (redemption.Share is { } share && (shareId is null || share.ShareId == shareId)) return authority;
        authority.Dispose();
        throw new ShareRpcException(redemption.Share is null ? ErrorCode.Forbidden : ErrorCode.InvalidToken);
    }

    /// <summary>The authority of a root or creator token.</summary>
    public async Task<HttpAuthority> RedeemRootAsync(string? token, CancellationToken cancellationToken) =>
        AdmitRoot(await AuthenticateAsync(token, cancellationToken).ConfigureAwait(false));

    /// <summary>The authority of a root or creator ref that the server itself chose.</summary>
    public HttpAuthority AdmitRoot(RefRow row)
    {
        Redemption redemption = redeemer.Admit(row);
        var authority = new HttpAuthority(redemption, registry);
        if (redemption.Share is null) return authority;
        authority.Dispose();
        throw new ShareRpcException(ErrorCode.Forbidden);
    }

    public Task<RefRow> AuthenticateAsync(string? token, CancellationToken cancellationToken) =>
        redeemer.AuthenticateAsync(token, cancellationToken);
}
