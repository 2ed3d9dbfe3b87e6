using ShareRpc.Client.Admin;
using ShareRpc.Client.Credentials;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Cli.Sharing;

/// <summary>
/// Asks the server what has become of links that are about to be printed. Without an answer within seconds they are
/// printed as they are.
/// </summary>
internal sealed class LinkCheck(CommandContext context, Uri server, string? creator) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly CredentialStore credentials = new(context.State.CredentialsPath);
    private AdminClient? admin;
    private bool isGivenUp = creator is null;

    /// <summary>
    /// Returns the state of a share's link, such as <c>active</c>; null if it is not known. One that was revoked
    /// elsewhere is marked so in the credentials.
    /// </summary>
    public async Task<string?> FindStateAsync(ShareWriter share, CancellationToken stop)
    {
        if (isGivenUp || share.ViewerLink is not { } link || share.Status.Cursor == 0) return null;
        using var patience = new CancellationTokenSource(Patience, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
        try
        {
            ShareToken token = credentials.FindToken(creator!)!;
            admin ??= await AdminClient.OpenRootAsync(server, token, either.Token).ConfigureAwait(false);
            IReadOnlyList<CapabilityInfo> all =
                await admin.ListCapabilitiesAsync(share.ShareId, either.Token).ConfigureAwait(false);
            string? state = all.FirstOrDefault(one => one.CapId == link.Token.CapId)?.State;
            if (state == "revoked") credentials.MarkRevoked(link.Token.CapId);
            return state;
        }
        catch (Exception error) when (Failure.IsOfServer(error) && !stop.IsCancellationRequested)
        {
            isGivenUp = true;
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (admin is not null) await admin.DisposeAsync().ConfigureAwait(false);
    }
}
