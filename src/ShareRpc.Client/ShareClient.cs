using Microsoft.Extensions.Logging;
using ShareRpc.Client.Credentials;
using ShareRpc.Client.Diagnostics;
using ShareRpc.Client.Writing;
using ShareRpc.Client.Writing.Outbox;
using ShareRpc.Client.Writing.Sending;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Sqlite;

namespace ShareRpc.Client;

/// <summary>
/// Sends ops to one server from a durable outbox. Works offline; each op takes effect once. Thread-safe.
/// </summary>
public sealed class ShareClient : IAsyncDisposable
{
    private readonly ShareClientOptions options;
    private readonly OutboxFile outbox;
    private readonly CredentialStore credentials;
    private readonly TimeProvider time;
    private readonly OutboxSender? sender;
    private readonly SenderContext context;
    private readonly ClientGauges gauges;

    private ShareClient(ShareClientOptions options, TimeProvider time, bool send)
    {
        this.options = options;
        this.time = time;
        outbox = new OutboxFile(options.OutboxPath, options.Server.AbsoluteUri, options.MaxOutboxBytes);
        credentials = new CredentialStore(options.CredentialsPath);
        var log = new GuardedLog(options.Logging.CreateLogger<ShareClient>());
        context = new SenderContext(options, outbox, credentials, time, log);
        string[] paths = [options.OutboxPath, options.CredentialsPath];
        foreach (string directory in paths.Select(path => Path.GetDirectoryName(Path.GetFullPath(path))!).Distinct())
        {
            if (OwnerOnly.CanOthersWrite(directory)) context.Log.DirectoryIsOpen(directory);
        }

        gauges = new ClientGauges(outbox, time);
        sender = send ? new OutboxSender(context) : null;
    }

    /// <summary>Gets the server's shares, oldest first.</summary>
    public IReadOnlyList<ShareWriter> Shares => [.. outbox.ListShares().Select(NewWriter)];

    /// <summary>Gets why the connection failed, or null.</summary>
    public Exception? LastFailure => sender?.LastFailure;

    /// <summary>Gets the server.</summary>
    public Uri Server => options.Server;

    /// <summary>Gets the connection state.</summary>
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

    internal OutboxSender? Sender => sender;

    internal static ShareClient Open(ShareClientOptions options, TimeProvider time) => new(options, time, send: true);

    /// <summary>
    /// Returns or stores the share of this key, with a read-only invitation; created when the server is reachable.
    /// </summary>
    public async Task<ShareWriter> CreateShareAsync(string externalKey, string? label,
        CancellationToken cancellationToken = default) =>
        (await CreateSharesAsync([(externalKey, label)], cancellationToken).ConfigureAwait(false))[0];

    /// <summary>
    /// Does the same for many shares, in order, with one write of the credentials: each write takes the whole file.
    /// </summary>
    public Task<IReadOnlyList<ShareWriter>> CreateSharesAsync(
        IReadOnlyCollection<(string ExternalKey, string? Label)> shares,
        CancellationToken cancellationToken = default) => Task.Run(
        () =>
        {
            List<(OutboxShare Share, ShareToken Owner, ShareToken Viewer)> added =
                [.. shares.DistinctBy(share => share.ExternalKey)
                    .Where(share => outbox.FindShare(share.ExternalKey) is null).Select(NewShare)];
            string? creator = options.CreatorCapId;
            if (added.Count > 0 && creator is null)
            {
                throw new InvalidOperationException(
                    "This client has no creator credential: it can only join shares.");
            }

            // Tokens first: a crash must not leave a share without token.
            credentials.Add(added.SelectMany(one => new[]
            {
                (one.Owner, new Credential(one.Owner.Reveal(), options.Server, one.Share.ShareId, one.Share.Label)),
                (one.Viewer, new Credential(one.Viewer.Reveal(), options.Server, one.Share.ShareId, "viewer link")),
            }));
            foreach ((OutboxShare share, ShareToken owner, ShareToken viewer) in added)
                Store(share, owner, viewer, creator!);
            return (IReadOnlyList<ShareWriter>)
                [.. shares.Select(share => NewWriter(outbox.FindShare(share.ExternalKey)!))];
        },
        cancellationToken);

    /// <summary>Joins by a link that may append.</summary>
    public Task<ShareWriter> JoinShareAsync(
        string externalKey, ShareLink link, CancellationToken cancellationToken = default) =>
        JoinShareAsync(externalKey, link, passphrase: null, cancellationToken);

    /// <summary>
    /// Joins by a link with passphrase, kept in memory. When the grant ends, ops wait for another call.
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

    /// <summary>Returns the share of a key, or null.</summary>
    public ShareWriter? FindShare(string externalKey) =>
        outbox.FindShare(externalKey) is { } share ? NewWriter(share) : null;

    /// <summary>Returns the status of each share.</summary>
    public Task<IReadOnlyList<WriterStatus>> StatusAsync(CancellationToken cancellationToken = default) =>
        Task.Run<IReadOnlyList<WriterStatus>>(() => [.. Shares.Select(share => share.Status)], cancellationToken);

    /// <summary>Queues refused ops (with new seqs) and failed requests again; returns their number.</summary>
    public Task<int> RetryFailedAsync(string? shareId = null, CancellationToken cancellationToken = default) =>
        Task.Run(
            () => outbox.ListShares().Where(share => shareId is null || share.ShareId == shareId)
                .Sum(share => outbox.Refused.RetryFailed(share.Key)),
            cancellationToken);

    /// <summary>Returns the import of a source, or null.</summary>
    public Task<ImportState?> FindImportAsync(string path, CancellationToken cancellationToken = default) =>
        Task.Run(() => outbox.Imports.Find(path), cancellationToken);

    /// <summary>Returns a finished import of this content, or null.</summary>
    public Task<ImportState?> FindFinishedImportAsync(string contentHash,
        CancellationToken cancellationToken = default) =>
        Task.Run(() => outbox.Imports.FindFinished(contentHash), cancellationToken);

    /// <summary>Adds or replaces an import state; durable when done.</summary>
    public Task StoreImportAsync(ImportState state, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(state);
        return Task.Run(() => outbox.Imports.Store(state), cancellationToken);
    }

    /// <summary>
    /// Waits until nothing is queued; refused ops do not count. Cancelled, it names a share whose sending fails, as
    /// <see cref="ShareWriter.FlushAsync"/> does.
    /// </summary>
    public Task FlushAsync(CancellationToken cancellationToken = default) =>
        new OutboxFlush(outbox, options.PollInterval, time, sender?.Failures)
            .RunAsync(outbox.ListShares(), cancellationToken);

    /// <summary>Stops; the next client sends the rest.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            if (sender is not null) await sender.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            gauges.Dispose();
            outbox.Dispose();
        }
    }

    private static (OutboxShare Share, ShareToken Owner, ShareToken Viewer) NewShare(
        (string ExternalKey, string? Label) named)
    {
        ShareToken owner = ShareToken.New(RandomId.New());
        ShareToken viewer = ShareToken.New(RandomId.New());
        var share = new OutboxShare
        {
            Key = 0, ShareId = RandomId.New(), ExternalKey = named.ExternalKey, Label = named.Label,
            AppendCapId = owner.CapId, ViewerCapId = viewer.CapId, WriterId = "",
        };
        return (share, owner, viewer);
    }

    private void Store(OutboxShare share, ShareToken owner, ShareToken viewer, string creator)
    {
        var create = new CreateShareRequest { ShareId = share.ShareId, CapId = owner.CapId, TokenDigest = owner.Digest,
            Label = share.Label };
        var invite = new AttenuateRequest
        {
            CapId = viewer.CapId, TokenDigest = viewer.Digest, Rights = Rights.Read.ToNames(), Label = "viewer link",
        };
        outbox.AddShare(
            share, (WriterRequest.CreateShare, creator, create), (WriterRequest.Attenuate, owner.CapId, invite));
    }

    private ShareWriter NewWriter(OutboxShare share) => new(share, context, sender);
}
