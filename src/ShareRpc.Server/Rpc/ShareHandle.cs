using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Server.Capabilities;
using ShareRpc.Server.Log;

namespace ShareRpc.Server.Rpc;

/// <summary>A live share handle. Disposed by its holder or with its connection; that ends the handle, never the sturdy ref.</summary>
internal sealed class ShareHandle(RpcSession session, RpcServices services, Authority authority, ShareFeed feed, string? writerId) : IShareHandle
{
    private readonly CancellationTokenRegistration onDenied = authority.Denied.Register(session.DrainOrAbort);
    private int disposed;

    /// <summary>A disposed handle is nobody's: it is answered as if it had never been.</summary>
    private Authority Authority => Volatile.Read(ref disposed) == 0 ? authority : throw new ShareRpcException(ErrorCode.MethodNotFound);

    // Not async: the batch is queued before this returns, which keeps the order of a connection's calls.
    public Task<Ack> AppendOpsAsync(OpBatch batch) => AppendAsync(batch, chain: null);

    /// <summary>An append that may be one of several in a redemption.</summary>
    public Task<Ack> AppendAsync(OpBatch batch, ReplayChain? chain)
    {
        Authority.Demand(Rights.Append);
        return services.Log.AppendAsync(Authority, writerId, batch, chain);
    }

    public async Task<OpPage> ReadOpsAsync(ReadOpsRequest request, CancellationToken cancellationToken)
    {
        if (request.WaitMs is null or 0) return await services.Reads.ReadAsync(Authority, feed, request, cancellationToken).ConfigureAwait(false);
        using RpcSession.WaitingRead waiting = session.BeginWaitingRead();
        return await services.Reads.ReadAsync(Authority, feed, request, cancellationToken).ConfigureAwait(false);
    }

    public Task<StatePage> GetStateAsync(GetStateRequest request, CancellationToken cancellationToken)
    {
        Authority.Demand(Rights.Read);
        return Task.FromResult(services.Reads.ReadState(Authority, request));
    }

    public Task<CapabilityCreated> AttenuateAsync(AttenuateRequest request) => services.Admin.AttenuateAsync(Authority, request);

    public Task<CapabilityRevoked> RevokeCapabilityAsync(RevokeCapabilityRequest request) => services.Admin.RevokeAsync(Authority, request);

    public Task<CapabilityPage> ListCapabilitiesAsync(PageRequest request, CancellationToken cancellationToken) =>
        Task.FromResult(services.Lists.ListCapabilities(Authority, request));

    public Task<AuditPage> ListAuditAsync(PageRequest request, CancellationToken cancellationToken) =>
        Task.FromResult(services.Lists.ListAudit(Authority, request));

    public Task EndShareAsync() => services.Admin.EndShareAsync(Authority);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0) return;
        onDenied.Dispose();
        services.Registry.Remove(authority);
        services.Broadcaster.Release(feed);
        authority.Dispose();
    }
}
