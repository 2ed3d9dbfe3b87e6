using ShareRpc.Cli.Commands;
using ShareRpc.Cli.State;
using ShareRpc.Client.Admin;
using ShareRpc.Client.Credentials;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Cli.Administration;

/// <summary>Selects access: <c>--token-file</c>, else owner of a local share, else root or creator token.</summary>
internal sealed class AdminAccess(CommandContext context, string? server, string? tokenFile)
{
    private readonly CreatorToken token = new(context, tokenFile);
    private readonly CredentialStore credentials = new(context.State.CredentialsPath);

    public CredentialStore Credentials => credentials;

    /// <summary>Gets the server that commands without a share or ref go to.</summary>
    public Uri Server => Inputs.ServerAddress(context, server);

    public Task<AdminClient> OpenRootAsync(Uri address, CancellationToken stop) =>
        AdminClient.OpenRootAsync(address,
            credentials.FindToken(token.Require(address))!, stop);

    /// <summary>Runs an action; its share id is null unless the client is for the whole server.</summary>
    public async Task<T> OnShareAsync<T>(string target, Func<AdminClient, string?, Task<T>> act, CancellationToken stop)
    {
        (ShareLink? owner, string shareId, Uri address) = await ResolveAsync(target, stop).ConfigureAwait(false);
        return await AsOwnerElseRootAsync(owner, address, act: client => act(client, null),
            asRoot: client => act(client, shareId), stop)
            .ConfigureAwait(false);
    }

    public async Task<T> OnShareAsRootAsync<T>(string target, Func<AdminClient, string, Task<T>> act,
        CancellationToken stop)
    {
        (_, string shareId, Uri address) = await ResolveAsync(target, stop).ConfigureAwait(false);
        await using AdminClient root = await OpenRootAsync(address, stop).ConfigureAwait(false);
        return await act(root, shareId).ConfigureAwait(false);
    }

    public async Task<T> OnCapabilityAsync<T>(string target, Func<AdminClient, string, Task<T>> act,
        CancellationToken stop)
    {
        bool isLink = ShareLink.TryParse(target, out ShareLink? link);
        string capId = isLink ? link!.Token.CapId : target;
        Uri address = AddressOf(target);
        (ShareLink Owner, string ShareId)? own = await FindOwnAsync(target, stop).ConfigureAwait(false);
        return await AsOwnerElseRootAsync(own?.Owner, address, client => act(client, capId),
            client => act(client, capId), stop)
            .ConfigureAwait(false);
    }

    /// <summary>Returns the server that was named, else the one that the target belongs to.</summary>
    public Uri AddressOf(string target)
    {
        if (server is not null) return Server;
        return ShareLink.TryParse(target, out ShareLink? link)
            ? link.Server : credentials.Find(target)?.Server ?? Server;
    }

    /// <summary>Returns the owner's link of a share of this machine, else the link that the target is.</summary>
    public async Task<ShareLink?> FindLinkAsync(string target, CancellationToken stop) =>
        await FindOwnAsync(target, stop).ConfigureAwait(false) is var (owner, _) ? owner
            : ShareLink.TryParse(target, out ShareLink? link) ? link : null;

    private async Task<(ShareLink? Owner, string ShareId, Uri Server)> ResolveAsync(string target,
        CancellationToken stop)
    {
        if (await FindOwnAsync(target, stop).ConfigureAwait(false) is var (owner, ownId))
            return (owner, ownId, owner.Server);
        bool isLink = ShareLink.TryParse(target, out ShareLink? link);
        string shareId = isLink ? link!.ShareId : credentials.Find(target)?.ShareId ?? target;
        if (!RandomId.IsValid(shareId))
        {
            throw new CliException(
                ExitCode.Error,
                "This machine has no share of that name. Give a share id from sharerpc ls, or a link with /s/ in it.");
        }

        return (null, shareId, AddressOf(target));
    }

    private async Task<(ShareLink Owner, string ShareId)?> FindOwnAsync(string target, CancellationToken stop)
    {
        var known = new KnownShares(context);
        if (await known.FindAsync(target, send: false, stop).ConfigureAwait(false) is not var (client, share))
            return null;
        await using (client.ConfigureAwait(false))
        {
            // Another address that was named counts: the share's own may be a node that is gone.
            bool isOther = server is not null && share.OwnerLink is { } link && link.Server != Server;
            return !isOther && share.OwnerLink is { } owner ? (owner, share.ShareId) : null;
        }
    }

    private async Task<T> AsOwnerElseRootAsync<T>(
        ShareLink? owner, Uri address, Func<AdminClient, Task<T>> act, Func<AdminClient, Task<T>> asRoot,
        CancellationToken stop)
    {
        bool hasRoot = token.IsNamed || token.Find(address) is not null;
        if (owner is not null && !token.IsNamed)
        {
            try
            {
                await using AdminClient client = await AdminClient.OpenShareAsync(owner, null, credentials, stop)
                    .ConfigureAwait(false);
                return await act(client).ConfigureAwait(false);
            }
            catch (ShareRpcException refused) when (hasRoot
                && (ErrorCodes.IsAuthority(refused.Code) || refused.Code == ErrorCode.NotFound))
            {
                // The owner's access may be revoked or suspended; root access still works.
            }
        }

        await using AdminClient root = await OpenRootAsync(address, stop).ConfigureAwait(false);
        return await asRoot(root).ConfigureAwait(false);
    }
}
