using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Rpc;

namespace ShareRpc.Tests.Fakes;

/// <summary>A live creator of a <see cref="ScriptedServer"/>.</summary>
internal sealed class ScriptedRootHandle : IRootHandle
{
    private readonly ScriptedServer server;
    private readonly ScriptedConnection connection;

    public ScriptedRootHandle(ScriptedServer server, ScriptedConnection connection)
    {
        (this.server, this.connection) = (server, connection);
        Interlocked.Increment(ref connection.LiveHandles);
    }

    public Task<CapabilityCreated> CreateShareAsync(CreateShareRequest request)
    {
        server.Note(request);
        lock (server.Gate)
        {
            if (server.Refs.TryAdd(request.TokenDigest,
                new ScriptedRef(request.CapId, request.ShareId, RightsNames.Owner)))
            {
                server.Shares.Add(request.ShareId, new ScriptedShare(request.ShareId));
            }
        }

        return Task.FromResult(new CapabilityCreated { CapId = request.CapId, Epoch = 1 });
    }

    public Task<ShareSearchPage> SearchSharesAsync(SearchRequest request, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<ShareList> ListSharesAsync(PageRequest request, CancellationToken cancellationToken)
    {
        server.Note(request);
        lock (server.Gate)
        {
            List<ShareInfo> all = [.. server.Shares.Values.Select(share => new ShareInfo
            {
                ShareId = share.ShareId, State = "active", Cursor = share.Log.Count, CreatedMs = 0, LiveHandles = 0,
                OwnerCapId = "",
            })];
            List<ShareInfo> page = [.. all.Skip((int)request.After).Take(server.ListPage)];
            long next = request.After + page.Count;
            return Task.FromResult(new ShareList { Shares = page, Next = next < all.Count ? next : null });
        }
    }

    public Task<CapabilityCreated> AttenuateAsync(AttenuateRequest request)
    {
        server.Note(request);
        return Task.FromResult(new CapabilityCreated { CapId = request.CapId, Epoch = 1 });
    }

    public Task<CapabilityRevoked> RevokeCapabilityAsync(RevokeCapabilityRequest request)
    {
        server.Note(request);
        throw new ShareRpcException(ErrorCode.NotFound);
    }

    public Task<CapabilityChanged> SuspendCapabilityAsync(CapabilityRequest request) => Change(request);

    public Task<CapabilityChanged> ResumeCapabilityAsync(CapabilityRequest request) => Change(request);

    public Task<CapabilityChanged> RotateCapabilityAsync(RotateCapabilityRequest request) => Change(request);

    public Task<SharesAdopted> AdoptSharesAsync(CapabilityRequest request)
    {
        server.Note(request);
        return Task.FromResult(new SharesAdopted { Shares = server.Shares.Count });
    }

    public Task<ServerStatus> GetServerStatusAsync(CancellationToken cancellationToken) =>
        throw new ShareRpcException(ErrorCode.Forbidden);

    public Task<CapabilityPage> ListCapabilitiesAsync(CapabilityListRequest request,
        CancellationToken cancellationToken) =>
        Task.FromResult(new CapabilityPage { Capabilities = [] });

    public Task<AuditPage> ListAuditAsync(AuditRequest request, CancellationToken cancellationToken) =>
        Task.FromResult(new AuditPage { Entries = [] });

    public Task DeleteShareAsync(DeleteShareRequest request)
    {
        server.Note(request);
        lock (server.Gate)
        {
            foreach (ScriptedRef one in server.Refs.Values.Where(one => one.ShareId == request.ShareId))
            {
                one.DeadCode = ErrorCode.ShareDeleted;
            }
        }

        return Task.CompletedTask;
    }

    public void Dispose()
    {
        Interlocked.Decrement(ref connection.LiveHandles);
        server.HandleReleased();
    }

    private Task<CapabilityChanged> Change(object request)
    {
        server.Note(request);
        return Task.FromResult(new CapabilityChanged { Epoch = 1 });
    }
}
