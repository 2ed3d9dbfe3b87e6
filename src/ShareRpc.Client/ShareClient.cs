using Microsoft.Extensions.Logging;
using ShareRpc.Client.Credentials;
using ShareRpc.Client.Writing;
using ShareRpc.Client.Writing.Outbox;
using ShareRpc.Client.Writing.Sending;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Client;

/// <summary>
/// The shares of one machine on one server: an outbox file, and one sender that empties it. Everything works offline;
/// what was enqueued is on disk, and is sent exactly once in effect, whatever crashes. Any thread.
/// </summary>
public sealed class ShareClient : IAsyncDisposable
{
    private readonly ShareClientOptions options;
    private readonly OutboxFile outbox;
    private readonly CredentialStore credentials;
    private readonly TimeProvider time;
    private readonly OutboxSender? sender;
    private readonly SenderContext context;

    private ShareClient(ShareClientOptions options, TimeProvider time, bool send)
    {
        this.options = options;
        this.time = time;
        outbox = new OutboxFile(options.OutboxPath, options.Server.AbsoluteUri, options.MaxOutboxBytes);
        credentials = new CredentialStore(options.CredentialsPath);
        context = new SenderContext(options, outbox, credentials, time, options.Logging.CreateLogger<ShareClient>());
        sender = send ? new OutboxSender(context) : null;
    }

    /// <summary>Gets the shares of this outbox on this server, oldest first.</summary>
    public IReadOnlyList<ShareWriter> Shares => [.. outbox.ListShares().Select(NewWriter)];

    /// <summary>Gets why the server is not connected; null while it is, or if there is nothing to send.</summary>
    public Exception? LastFailure => sender?.LastFailure;

    /// <summary>Gets the server of all this client's shares.</summary>
    public Uri Server => options.Server;

    /// <summary>Gets where the connection stands.</summary>
    public ConnectionState Connection => sender?.State ?? ConnectionState.Idle;

    /// <summary>
    /// Opens or creates the outbox and starts its sender. Errors: <see cref="ArgumentException"/> for an option, <see
    /// cref="OutboxException"/>
    /// for a file of a newer version.
    /// </summary>
    /// <param name="options">Where things are.</param>
    /// <param name="time">The clock; the system's by default.</param>
    /// <param name="send">False: only store and look, for tools that must not send.</param>
    /// <param name="cancellationToken">Gives up opening.</param>
    public static Task<ShareClient> OpenAsync(
        ShareClientOptions options, TimeProvider? time = null, bool send = true,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return Task.Run(() => new ShareClient(options, time ?? TimeProvider.System, send), cancellationToken);
    }

    /// <summary>Opens as <see cref="OpenAsync"/> does, with options that were validated, on the calling thread.</summary>
    internal static ShareClient Open(ShareClientOptions options, TimeProvider time) => new(options, time, send: true);

    /// <summary>
    /// Returns a share of this machine's own, with a read-only invitation to it: stored now, created when the server
    /// can be reached. The one that is there already under the external key is returned instead.
    /// </summary>
    public Task<ShareWriter> CreateShareAsync(string externalKey, string? label,
        CancellationToken cancellationToken = default) => Task.Run(
        () =>
        {
            if (outbox.FindShare(externalKey) is { } known) return NewWriter(known);
            string creator = options.CreatorCapId
                ?? throw new InvalidOperationException(
                    "This client has no creator credential: it can only join shares.");
            string shareId = RandomId.New();
            ShareToken owner = ShareToken.New(RandomId.New());
            ShareToken viewer = ShareToken.New(RandomId.New());

            // The tokens are kept before anything refers to them: a crash in between leaves an unused entry, never a
            // share without its key.
            credentials.Add(owner, options.Server, shareId, label);
            credentials.Add(viewer, options.Server, shareId, "viewer link");
            var share = new OutboxShare
            {
                Key = 0, ShareId = shareId, ExternalKey = externalKey, Label = label, AppendCapId = owner.CapId,
                ViewerCapId = viewer.CapId,
                WriterId = "",
            };
            var create = new CreateShareRequest { ShareId = shareId, CapId = owner.CapId, TokenDigest = owner.Digest,
                Label = label };
            var invite = new AttenuateRequest
            {
                CapId = viewer.CapId, TokenDigest = viewer.Digest, Rights = Rights.Read.ToNames(),
                Label = "viewer link",
            };
            return NewWriter(outbox.AddShare(
                share, (OutboxIntent.CreateShare, creator, create), (OutboxIntent.Attenuate, owner.CapId, invite)));
        },
        cancellationToken);

    /// <summary>Goes on in somebody else's share through a link that may append.</summary>
    public Task<ShareWriter> JoinShareAsync(
        string externalKey, ShareLink link, CancellationToken cancellationToken = default) =>
        JoinShareAsync(externalKey, link, passphrase: null, cancellationToken);

    /// <summary>
    /// Joins a share by a link with a passphrase, which is kept in memory only. The grant of the link needs no
    /// passphrase; when it has ended, ops wait until this is called again.
    /// </summary>
    public Task<ShareWriter> JoinShareAsync(
        string externalKey, ShareLink link, string? passphrase, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(link);
        if (link.Server.AbsoluteUri.TrimEnd('/') != options.Server.AbsoluteUri.TrimEnd('/'))
        {
            throw new ArgumentException("The link is for another server than this client's.", nameof(link));
        }

        if (link.ShareId.Length == 0) throw new ArgumentException("The link does not name its share.", nameof(link));
        if (passphrase is not null) context.LinkOf(link).Passphrase = passphrase;

        return Task.Run(
            () =>
            {
                if (outbox.FindShare(externalKey) is { } known) return NewWriter(known);
                credentials.Add(link.Token, options.Server, link.ShareId, "joined");
                return NewWriter(outbox.AddShare(new OutboxShare
                {
                    Key = 0, ShareId = link.ShareId, ExternalKey = externalKey, AppendCapId = link.Token.CapId,
                    WriterId = "", IsCreated = true,
                }));
            },
            cancellationToken);
    }

    /// <summary>Returns the share under an external key, or null.</summary>
    public ShareWriter? FindShare(string externalKey) =>
        outbox.FindShare(externalKey) is { } share ? NewWriter(share) : null;

    /// <summary>Returns where each share's outbox stands.</summary>
    public Task<IReadOnlyList<WriterStatus>> StatusAsync(CancellationToken cancellationToken = default) =>
        Task.Run<IReadOnlyList<WriterStatus>>(() => [.. Shares.Select(share => share.Status)], cancellationToken);

    /// <summary>
    /// Queues parked ops of one share or of all again, with the same op ids and new seqs; returns their number.
    /// </summary>
    public Task<int> RetryFailedAsync(string? shareId = null, CancellationToken cancellationToken = default) =>
        Task.Run(
            () => outbox.ListShares().Where(share => shareId is null || share.ShareId == shareId)
                .Sum(share => outbox.Refused.RetryFailed(share.Key)),
            cancellationToken);

    /// <summary>Returns the state of a source's import on this server; null if it was never begun.</summary>
    public Task<ImportState?> FindImportAsync(string path, CancellationToken cancellationToken = default) =>
        Task.Run(() => outbox.Imports.Find(path), cancellationToken);

    /// <summary>
    /// Returns a finished import of the same content on this server, whatever its path; null when there is none.
    /// </summary>
    public Task<ImportState?> FindFinishedImportAsync(string contentHash,
        CancellationToken cancellationToken = default) =>
        Task.Run(() => outbox.Imports.FindFinished(contentHash), cancellationToken);

    /// <summary>Adds or replaces what is known of a source; on disk when it returns.</summary>
    public Task StoreImportAsync(ImportState state, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(state);
        return Task.Run(() => outbox.Imports.Store(state), cancellationToken);
    }

    /// <summary>Ends when nothing waits any more: everything is acked, or parked as failed.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken = default)
    {
        foreach (ShareWriter share in Shares) await share.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Stops sending at once; what was not acked is sent by the next client.</summary>
    public async ValueTask DisposeAsync()
    {
        if (sender is not null) await sender.DisposeAsync().ConfigureAwait(false);
        outbox.Dispose();
    }

    private ShareWriter NewWriter(OutboxShare share) =>
        new(share, outbox, credentials, options, time, () => Connection);
}
