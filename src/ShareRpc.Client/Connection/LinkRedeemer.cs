using System.Text.Json;
using ShareRpc.Client.Credentials;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Client.Connection;

/// <summary>
/// Redeems a link, then its grant (SPEC [GRANT-5]), whose token is stored before it is sent. Not thread-safe.
/// </summary>
internal sealed class LinkRedeemer(ShareLink link, CredentialStore? credentials)
{
    private const int Rounds = 3;
    private ShareToken? grant;
    private bool wasSent;
    private bool givesNone;

    public string? Passphrase { get; set; }

    /// <summary>Gets the token of the grant that was redeemed or made; null if the link gives none.</summary>
    public ShareToken? Grant => wasSent ? grant : null;

    /// <summary>Returns whether the link may be redeemed again.</summary>
    public static bool IsGrantsEnd(ShareRpcException error) =>
        error is { Action: ErrorAction.Redeem, Code: ErrorCode.CapabilityRevoked or ErrorCode.CapabilityExpired };

    /// <summary>Redeems the grant if there is one, else the link; throws the error of the link.</summary>
    /// <param name="request">What to ask for, with the link's token; passphrase and grant are set here.</param>
    /// <param name="send">Makes the call.</param>
    public async Task<RedeemShareResult> RedeemAsync(
        RedeemShareRequest request, Func<RedeemShareRequest, Task<RedeemShareResult>> send)
    {
        for (int round = 1; ; round++)
        {
            try
            {
                RedeemShareResult? back =
                    FindSent() is { } kept ? await TryAsync(kept, request, send).ConfigureAwait(false) : null;
                return back ?? await RedeemLinkAsync(request, send).ConfigureAwait(false);
            }
            catch (ShareRpcException error) when (
                grant is not null && round < Rounds && (error.Code == ErrorCode.IdTaken || IsGrantsEnd(error)))
            {
                Forget(); // next time by the link, with a fresh one
            }
        }
    }

    /// <summary>Returns null when the server lacks the grant.</summary>
    private static async Task<RedeemShareResult?> TryAsync(
        ShareToken grant, RedeemShareRequest request, Func<RedeemShareRequest, Task<RedeemShareResult>> send)
    {
        try
        {
            return await send(request with { Token = grant.Reveal() }).ConfigureAwait(false);
        }
        catch (ShareRpcException error) when (error.Code is ErrorCode.InvalidToken or ErrorCode.RateLimited)
        {
            return null;
        }
    }

    private async Task<RedeemShareResult> RedeemLinkAsync(
        RedeemShareRequest request, Func<RedeemShareRequest, Task<RedeemShareResult>> send)
    {
        if (!givesNone) grant ??= Keep(ShareToken.New(RandomId.New()));
        wasSent = true;
        RedeemShareResult result;
        try
        {
            result = await send(request with
            {
                Passphrase = Passphrase,
                Grant = grant is null ? null : new GrantRequest { CapId = grant.CapId, TokenDigest = grant.Digest },
            }).ConfigureAwait(false);
        }
        catch (ShareRpcException error) when (!error.IsTransient)
        {
            wasSent = false; // refused: nothing was stored
            throw;
        }

        if (result.Grant is not null) return result;
        givesNone = Passphrase is null && result.Caveats.MaxUses is null; // otherwise it has as many as it may
        Forget();
        return result;
    }

    private ShareToken? FindSent()
    {
        if (grant is not null) return wasSent ? grant : null;
        grant = OrNull(() => credentials?.FindGrant(link.Token.CapId, link.Server));
        wasSent = grant is not null;
        return grant;
    }

    private ShareToken Keep(ShareToken fresh) => OrNull(() => credentials?.KeepGrant(link, fresh)) ?? fresh;

    private void Forget()
    {
        if (grant is { } known)
        {
            OrNull(() =>
            {
                credentials?.ForgetGrant(link.Token.CapId, known);
                return known;
            });
        }

        grant = null;
        wasSent = false;
    }

    /// <summary>Returns null on file errors.</summary>
    private static ShareToken? OrNull(Func<ShareToken?> use)
    {
        try
        {
            return use();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }
}
