using ShareRpc.Cli.Sharing;
using ShareRpc.Client;
using ShareRpc.Client.Credentials;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Cli.State;

internal sealed class KnownShares(CommandContext context)
{
    private readonly CredentialStore credentials = new(context.State.CredentialsPath);

    public IReadOnlyList<Uri> Servers =>
        [.. credentials.List().Values.Select(credential => credential.Server).Distinct()];

    /// <summary>
    /// Finds a share by link, share id, cap id or session id, or returns null. The caller disposes the client.
    /// </summary>
    public async Task<(ShareClient Client, ShareWriter Share)?> FindAsync(string name, bool send,
        CancellationToken stop)
    {
        if (!Path.Exists(context.State.OutboxPath)) return null;
        string shareId = ShareLink.TryParse(name, out ShareLink? link) ? link.ShareId : credentials.Find(name)?.ShareId
            ?? name;
        foreach (Uri server in Servers)
        {
            ShareClient client = await OpenAsync(server, send, stop).ConfigureAwait(false);
            ShareWriter? share = client.Shares.FirstOrDefault(share => share.ShareId == shareId)
                ?? SessionCatalog.Agents.Select(agent => client.FindShare($"{agent}:{name}"))
                    .FirstOrDefault(share => share is not null);
            if (share is not null) return (client, share);
            await client.DisposeAsync().ConfigureAwait(false);
        }

        return null;
    }

    public Task<ShareClient> OpenAsync(Uri server, bool send, CancellationToken stop) =>
        ShareClient.OpenAsync(context.State.ClientOptions(server, creatorCapId: null), context.Time, send, stop);
}
