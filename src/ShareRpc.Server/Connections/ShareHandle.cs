using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Server.Access;
using ShareRpc.Server.Append;
using ShareRpc.Server.Read;

namespace ShareRpc.Server.Connections;

/// <summary>A live share handle. Disposed by its holder or with its connection; that ends the handle, never the sturdy ref.</summary>
internal sealed class ShareHandle : IShareHandle
{
    private readonly RpcSession session;
    private readonly RpcServices services;
    private readonly ShareFeed feed;
    private readonly string? writerId;
    private readonly BatchOrder order = new();
    private readonly AuthorityHold hold;

    public ShareHandle(RpcSession session, RpcServices services, Authority authority, ShareFeed feed, string? writerId)
    {
        this.session = session;
        this.services = services;
        this.feed = feed;
        this.writerId = writerId;
        if (writerId is not null) services.Writers.Add(feed.ShareKey, writerId);
        CancellationTokenRegistration onDenied = authority.Denied.Register(session.DrainOrAbort);
        hold = new AuthorityHold(authority, services.Registry, () =>
        {
            onDenied.Dispose();
            services.Broadcaster.Release(feed);
            if (writerId is not null) services.Writers.Remove(feed.ShareKey, writerId);
        });
    }

    public Task<Ack> AppendOpsAsync(OpBatch batch) => AppendAsync(batch, chain: null);

    /// <summary>
    /// An append that may be one of several in a redemption. Queued before this returns, which keeps the order of a connection's calls.
    /// </summary>
    public Task<Ack> AppendAsync(OpBatch batch, ReplayChain? chain) => hold.DuringAsync(authority =>
    {
        authority.Demand(Rights.Append);
        return services.Log.AppendAsync(authority, writerId, batch, chain, order);
    });

    public Task<OpPage> ReadOpsAsync(ReadOpsRequest request, CancellationToken cancellationToken) => hold.DuringAsync(async authority =>
    {
        if (request.WaitMs is null or 0)
        {
            return await services.Reads.ReadAsync(authority, feed, request, cancellationToken).ConfigureAwait(false);
        }
        using RpcSession.WaitingRead waiting = session.BeginWaitingRead();
        return await services.Reads.ReadAsync(authority, feed, request, cancellationToken).ConfigureAwait(false);
    });

    /// <summary>
    /// An append whose receiver is told the outcome. Queued before this returns; refusals that come before the queue are thrown. The caller
    /// will <see cref="EndCall"/> when it has <see cref="TryBeginCall"/>.
    /// </summary>
    public void Append(OpBatch batch, AckReceiver receiver)
    {
        hold.Authority.Demand(Rights.Append);
        services.Log.Append(hold.Authority, writerId, batch, order, receiver);
    }

    /// <summary>The feed that a read of this handle looks at.</summary>
    public ShareFeed Feed => feed;

    /// <summary>The authority of a call that begins now and will <see cref="EndCall"/>; null once the handle is dropped.</summary>
    public Authority? TryBeginCall() => hold.TryEnter() ? hold.Authority : null;

    public void EndCall() => hold.Leave();

    public Task<StatePage> GetStateAsync(GetStateRequest request, CancellationToken cancellationToken) => hold.DuringAsync(authority =>
    {
        authority.Demand(Rights.Read);
        return Task.FromResult(services.Reads.ReadState(authority, request));
    });

    public Task<CapabilityCreated> AttenuateAsync(AttenuateRequest request) =>
        hold.DuringAsync(authority => services.Admin.AttenuateAsync(authority, request));

    public Task<CapabilityRevoked> RevokeCapabilityAsync(RevokeCapabilityRequest request) =>
        hold.DuringAsync(authority => services.Admin.RevokeAsync(authority, request));

    public Task<CapabilityChanged> SuspendCapabilityAsync(CapabilityRequest request) =>
        hold.DuringAsync(authority => services.Changes.SuspendAsync(authority, request));

    public Task<CapabilityChanged> ResumeCapabilityAsync(CapabilityRequest request) =>
        hold.DuringAsync(authority => services.Changes.ResumeAsync(authority, request));

    public Task<CapabilityChanged> RotateCapabilityAsync(RotateCapabilityRequest request) =>
        hold.DuringAsync(authority => services.Changes.RotateAsync(authority, request));

    public Task<CapabilityPage> ListCapabilitiesAsync(CapabilityListRequest request, CancellationToken cancellationToken) =>
        hold.DuringAsync(authority => Task.FromResult(services.Lists.ListCapabilities(authority, request)));

    public Task<AuditPage> ListAuditAsync(AuditRequest request, CancellationToken cancellationToken) =>
        hold.DuringAsync(authority => Task.FromResult(services.Lists.ListAudit(authority, request)));

    public Task EndShareAsync() => hold.DuringAsync(services.Admin.EndShareAsync);

    public void Dispose() => hold.Drop();
}
