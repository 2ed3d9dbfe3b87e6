using ShareRpc.Client.Admin;
using ShareRpc.Client.Credentials;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Cli.Administration;

/// <summary>
/// Rotates safely: the new token is stored durably before sending and replaces the old one after the answer. A retry
/// uses the same token.
/// </summary>
internal sealed class Rotation(AdminAccess access, string target)
{
    public async Task<(ShareToken Token, string? ShareId, long Epoch)> RunAsync(string? passphrase,
        CancellationToken stop)
    {
        string capId = ShareLink.TryParse(target, out ShareLink? link) ? link.Token.CapId : target;
        Uri server = access.AddressOf(target);
        Credential? before = access.Credentials.Find(capId);
        ShareToken next = access.Credentials.FindNextToken(capId) ?? ShareToken.New(capId);
        string? shareId = before?.ShareId ?? (link is { ShareId.Length: > 0 } ? link.ShareId : null);
        bool wasUnderWay = before?.NextToken is not null;
        if (wasUnderWay && await HasHappenedAsync(next, server, shareId, stop).ConfigureAwait(false) is { } happened)
        {
            access.Credentials.Promote(capId);
            return (next, shareId, happened);
        }

        long epoch = await access.OnCapabilityAsync(target, async (client, _) =>
        {
            IReadOnlyList<CapabilityInfo> all = await client.ListCapabilitiesAsync(stop).ConfigureAwait(false);
            CapabilityInfo info = all.FirstOrDefault(one => one.CapId == capId)
                ?? throw new ShareRpcException(ErrorCode.NotFound);
            if (info.Passphrase == true && passphrase is null)
                throw new CliException(ExitCode.Usage,
                    "The link has a passphrase. Give one for the new link with --passphrase.");
            shareId ??= info.ShareId;
            access.Credentials.AddNext(next, server, shareId, info.Label);
            return await SendAsync(client, next, info.Passphrase == true ? passphrase : null).ConfigureAwait(false);
        }, stop).ConfigureAwait(false);
        bool isKept = before is not null || shareId is not null;
        if (isKept) access.Credentials.Promote(capId);
        else access.Credentials.DropNext(capId); // an agent's token is printed, and this machine does not keep it
        return (next, shareId, epoch);
    }

    /// <summary>
    /// Discards the token on a permanent refusal; after other failures the rotation may have happened.
    /// </summary>
    private async Task<long> SendAsync(AdminClient client, ShareToken next, string? passphrase)
    {
        try
        {
            CapabilityChanged changed = await client.RotateCapabilityAsync(new RotateCapabilityRequest
            {
                CapId = next.CapId, TokenDigest = next.Digest,
                PassphraseDigest = passphrase is null ? null : Passphrase.DigestOf(next, passphrase),
            }).ConfigureAwait(false);
            return changed.Epoch;
        }
        catch (ShareRpcException refused) when (!refused.IsTransient)
        {
            access.Credentials.DropNext(next.CapId);
            throw;
        }
    }

    /// <summary>Returns the epoch if only the earlier answer was lost; else null.</summary>
    private static async Task<long?> HasHappenedAsync(ShareToken next, Uri server, string? shareId,
        CancellationToken stop)
    {
        try
        {
            AdminClient client = shareId is null
                ? await AdminClient.OpenRootAsync(server, next, stop).ConfigureAwait(false)
                : await AdminClient.OpenShareAsync(new ShareLink(server, shareId, next), stop).ConfigureAwait(false);
            await using (client.ConfigureAwait(false)) return client.Epoch;
        }
        catch (ShareRpcException refused) when (refused.Code == ErrorCode.PassphraseRequired)
        {
            return 0; // asked only of whoever has the right token
        }
        catch (ShareRpcException)
        {
            return null;
        }
    }
}
