using ShareRpc.Client;
using ShareRpc.Client.Credentials;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Cli.State;

/// <summary>The shares in this machine's outbox, on whatever server.</summary>
internal sealed class KnownShares(CommandContext context)
{
    private readonly CredentialStore credentials = new(context.State.CredentialsPath);

    /// <summary>Gets the servers that any credential is for.</summary>
    public IReadOnlyList<Uri> Servers =>
        [.. credentials.List().Values.Select(credential => credential.Server).Distinct()];

    /// <summary>
    /// Returns the share that a link, a share id, a cap id of one of its links or a session id means, with its client,
    /// which the caller disposes; null when this machine has none such.
    /// </summary>
    public async Task<(ShareClient Client, ShareWriter Share)?> FindAsync(string name, bool send,
        CancellationToken stop)
    {
        if (!File.Exists(context.State.OutboxPath)) return null;
        string shareId = ShareLink.TryParse(name, out ShareLink? link) ? link.ShareId : credentials.Find(name)?.ShareId
            ?? name;
        foreach (Uri server in Servers)
        {
            ShareClient client = await OpenAsync(server, send, stop).ConfigureAwait(false);
            ShareWriter? share = client.Shares.FirstOrDefault(share => share.ShareId == shareId)
                ?? client.FindShare($"opencode:{name}");
            if (share is not null) return (client, share);
            await client.DisposeAsync().ConfigureAwait(false);
        }

        return null;
    }

    /// <summary>Returns a client for one server; it sends only when it is told to.</summary>
    public Task<ShareClient> OpenAsync(Uri server, bool send, CancellationToken stop) =>
        ShareClient.OpenAsync(context.State.ClientOptions(server, creatorCapId: null), context.Time, send, stop);
}
