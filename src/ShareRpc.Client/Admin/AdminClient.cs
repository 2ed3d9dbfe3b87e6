using ShareRpc.Client.Connection;
using ShareRpc.Client.Credentials;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Client.Admin;

/// <summary>
/// Administers over one connection. Fails with <see cref="DisconnectedException"/> or a server error; does not retry.
/// </summary>
public sealed class AdminClient : IAsyncDisposable
{
    private readonly RpcConnection connection;
    private readonly IRootHandle? root;
    private readonly IShareHandle? share;

    private AdminClient(
        RpcConnection connection, IRootHandle? root, IShareHandle? share, string capId, IReadOnlyList<string> rights,
        long epoch, ShareToken? grant = null)
    {
        Epoch = epoch;
        Grant = grant;
        this.connection = connection;
        this.root = root;
        this.share = share;
        CapId = capId;
        Rights = rights;
    }

    /// <summary>Gets the id of the redeemed ref.</summary>
    public string CapId { get; }

    public IReadOnlyList<string> Rights { get; }

    /// <summary>Gets the epoch at redemption.</summary>
    public long Epoch { get; }

    /// <summary>Gets the server's limits.</summary>
    public ProtocolLimits Limits { get; private init; } = ProtocolLimits.Default;

    /// <summary>
    /// Gets the token of the grant that the redemption of a counted or locked link left behind: it comes back without
    /// another use. Null for other links. Keep it secret.
    /// </summary>
    public ShareToken? Grant { get; }

    /// <summary>Connects with a root or creator token.</summary>
    public static Task<AdminClient> OpenRootAsync(Uri server, ShareToken token,
        CancellationToken cancellationToken = default) =>
        OpenRootAsync(WebSocketTransport.Default.ConnectAsync, server, token, cancellationToken);

    /// <summary>Connects with a link.</summary>
    public static Task<AdminClient> OpenShareAsync(ShareLink link, CancellationToken cancellationToken = default) =>
        OpenShareAsync(link, passphrase: null, cancellationToken);

    /// <summary>Connects with a link and passphrase.</summary>
    public static Task<AdminClient> OpenShareAsync(ShareLink link, string? passphrase,
        CancellationToken cancellationToken = default) =>
        OpenShareAsync(link, passphrase, credentials: null, cancellationToken);

    /// <summary>Connects with a link; a grant that it leaves behind is kept in a file for the next time.</summary>
    public static Task<AdminClient> OpenShareAsync(ShareLink link, string? passphrase, CredentialStore? credentials,
        CancellationToken cancellationToken = default) => OpenShareAsync(
            WebSocketTransport.Default.ConnectAsync, link, cancellationToken, passphrase, credentials);

    /// <summary>Creates a share; root or creator only.</summary>
    public Task<CapabilityCreated> CreateShareAsync(CreateShareRequest request) =>
        CallAsync(() => Root.CreateShareAsync(request));

    /// <summary>Lists visible shares; root or creator only.</summary>
    public Task<IReadOnlyList<ShareInfo>> ListSharesAsync(CancellationToken cancellationToken = default) =>
        ReadAllAsync(async page =>
    {
        ShareList list = await CallAsync(() => Root.ListSharesAsync(page, cancellationToken)).ConfigureAwait(false);
        return (list.Shares, list.Next);
    });

    /// <summary>Finds visible shares by the words of their documents, newest first; root or creator only.</summary>
    public Task<ShareSearchPage> SearchSharesAsync(
        SearchRequest request, CancellationToken cancellationToken = default) =>
        CallAsync(() => Root.SearchSharesAsync(request, cancellationToken));

    /// <summary>Finds documents by their words, in the order of cursors. Needs a link.</summary>
    public Task<SearchPage> SearchAsync(SearchRequest request, CancellationToken cancellationToken = default) =>
        CallAsync(() => Share.SearchAsync(request, cancellationToken));

    /// <summary>Erases a share; root or creator only.</summary>
    public Task DeleteShareAsync(string shareId) =>
        RpcConnection.CallAsync(() => Root.DeleteShareAsync(new DeleteShareRequest { ShareId = shareId }));

    /// <summary>Lists visible refs.</summary>
    public Task<IReadOnlyList<CapabilityInfo>> ListCapabilitiesAsync(CancellationToken cancellationToken = default) =>
        ListCapabilitiesAsync(shareId: null, cancellationToken);

    /// <summary>Lists visible refs, or those of one share.</summary>
    public Task<IReadOnlyList<CapabilityInfo>> ListCapabilitiesAsync(string? shareId,
        CancellationToken cancellationToken = default) =>
        ReadAllAsync(async page =>
    {
        var request = new CapabilityListRequest { After = page.After, ShareId = shareId };
        CapabilityPage list = await CallAsync(() => Handle.ListCapabilitiesAsync(request, cancellationToken))
            .ConfigureAwait(false);
        return (list.Capabilities, list.Next);
    });

    /// <summary>Lists all visible audit entries, oldest first.</summary>
    public Task<IReadOnlyList<AuditEntry>> ListAuditAsync(CancellationToken cancellationToken = default) =>
        ReadAllAsync(async page =>
    {
        var request = new AuditRequest { After = page.After };
        AuditPage list = await CallAsync(() => Handle.ListAuditAsync(request, cancellationToken)).ConfigureAwait(false);
        return (list.Entries, list.Next);
    });

    /// <summary>Returns one audit page.</summary>
    public Task<AuditPage> ListAuditAsync(AuditRequest request, CancellationToken cancellationToken = default) =>
        CallAsync(() => Handle.ListAuditAsync(request, cancellationToken));

    /// <summary>Derives a ref.</summary>
    public Task<CapabilityCreated> AttenuateAsync(AttenuateRequest request) =>
        CallAsync(() => Handle.AttenuateAsync(request));

    /// <summary>Revokes a ref permanently; ends its handles and descendants.</summary>
    public Task<CapabilityRevoked> RevokeCapabilityAsync(string capId)
    {
        var request = new RevokeCapabilityRequest { CapId = capId };
        return CallAsync(() => Handle.RevokeCapabilityAsync(request));
    }

    /// <summary>Suspends a ref and descendants; ends their handles.</summary>
    public Task<CapabilityChanged> SuspendCapabilityAsync(string capId)
    {
        var request = new CapabilityRequest { CapId = capId };
        return CallAsync(() => Handle.SuspendCapabilityAsync(request));
    }

    /// <summary>Ends a suspension.</summary>
    public Task<CapabilityChanged> ResumeCapabilityAsync(string capId)
    {
        var request = new CapabilityRequest { CapId = capId };
        return CallAsync(() => Handle.ResumeCapabilityAsync(request));
    }

    /// <summary>
    /// Replaces the secret; ends the old token, handles and descendants. Call
    /// <see cref="Credentials.CredentialStore.AddNext"/> first: the answer may be lost.
    /// </summary>
    public Task<CapabilityChanged> RotateCapabilityAsync(RotateCapabilityRequest request) =>
        CallAsync(() => Handle.RotateCapabilityAsync(request));

    /// <summary>Moves shares of a creator and its descendants to root; root only.</summary>
    public Task<SharesAdopted> AdoptSharesAsync(string capId) =>
        CallAsync(() => Root.AdoptSharesAsync(new CapabilityRequest { CapId = capId }));

    /// <summary>Returns the server state; root only.</summary>
    public Task<ServerStatus> GetServerStatusAsync(CancellationToken cancellationToken = default) =>
        CallAsync(() => Root.GetServerStatusAsync(cancellationToken));

    /// <summary>Returns the documents of these kinds. Needs a link.</summary>
    public async Task<IReadOnlyList<Document>> ReadStateAsync(
        IReadOnlyList<string> kinds, CancellationToken cancellationToken = default)
    {
        var all = new List<Document>();
        DocKey? next = null;
        do
        {
            var request = new GetStateRequest { Kinds = kinds, AfterKey = next };
            StatePage page = await CallAsync(() => Share.GetStateAsync(request, cancellationToken))
                .ConfigureAwait(false);
            all.AddRange(page.Docs);
            next = page.NextKey;
        }
        while (next is not null);
        return all;
    }

    /// <summary>
    /// Appends a batch at once, past any outbox: without seqs, deduped by op ids. Its <see cref="OpBatch.Atomic"/> and
    /// <see cref="OpBatch.ExpectedCursor"/> hold; on <see cref="ErrorCode.CursorMismatch"/> nothing was consumed. Needs
    /// a link.
    /// </summary>
    public Task<Ack> AppendAsync(OpBatch batch) => CallAsync(() => Share.AppendOpsAsync(batch));

    /// <summary>Puts off the end of a share that its server keeps for some time only. Needs the owner's link.</summary>
    public Task<ShareKept> KeepShareAsync() => CallAsync(() => Share.KeepShareAsync());

    /// <summary>Ends the share. Needs a link.</summary>
    public Task EndShareAsync() => RpcConnection.CallAsync(() => Share.EndShareAsync());

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        root?.Dispose();
        share?.Dispose();
        await connection.DisposeAsync().ConfigureAwait(false);
    }

    internal static async Task<AdminClient> OpenRootAsync(
        TransportFactory transport, Uri server, ShareToken token, CancellationToken cancellationToken)
    {
        RpcConnection connection =
            await RpcConnection.OpenAsync(transport, server, cancellationToken).ConfigureAwait(false);
        try
        {
            RedeemRootResult result = await CallAsync(
                () => connection.Gateway.RedeemRootAsync(
                    new RedeemRootRequest { Token = token.Reveal() }, cancellationToken)).ConfigureAwait(false);
            return new AdminClient(connection, result.Root, null, result.CapId, result.Rights, result.Epoch)
            {
                Limits = result.Limits,
            };
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    internal static async Task<AdminClient> OpenShareAsync(
        TransportFactory transport, ShareLink link, CancellationToken cancellationToken, string? passphrase = null,
        CredentialStore? credentials = null)
    {
        var redeemer = new LinkRedeemer(link, credentials) { Passphrase = passphrase };
        RpcConnection connection =
            await RpcConnection.OpenAsync(transport, link.Server, cancellationToken).ConfigureAwait(false);
        try
        {
            RedeemShareResult result = await redeemer.RedeemAsync(
                new RedeemShareRequest { Token = link.Token.Reveal() },
                request => CallAsync(() => connection.Gateway.RedeemShareAsync(request, cancellationToken)))
                .ConfigureAwait(false);
            return new AdminClient(
                connection, null, result.Share, result.CapId, result.Rights, result.Epoch, redeemer.Grant)
            {
                Limits = result.Limits,
            };
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private ICapabilityHandle Handle => (ICapabilityHandle?)root ?? share!;

    private IRootHandle Root => root ?? throw new InvalidOperationException("This needs a root or creator token.");

    private IShareHandle Share => share ?? throw new InvalidOperationException("This needs a share's link.");

    private static Task<T> CallAsync<T>(Func<Task<T>> call) => RpcConnection.CallAsync(call);

    private static async Task<IReadOnlyList<T>> ReadAllAsync<T>(
        Func<PageRequest, Task<(IReadOnlyList<T> Items, long? Next)>> read)
    {
        var all = new List<T>();
        long? after = 0;
        while (after is { } position)
        {
            (IReadOnlyList<T> items, after) = await read(new PageRequest { After = position }).ConfigureAwait(false);
            all.AddRange(items);
        }

        return all;
    }
}
