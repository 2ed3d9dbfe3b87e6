using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Server.Capabilities;

namespace ShareRpc.Server.Rpc;

/// <summary>A live root or creator handle.</summary>
internal sealed class RootHandle(RpcServices services, Authority authority) : IRootHandle
{
    private int disposed;

    /// <summary>A disposed handle is nobody's: it is answered as if it had never been.</summary>
    private Authority Authority => Volatile.Read(ref disposed) == 0 ? authority : throw new ShareRpcException(ErrorCode.MethodNotFound);

    public Task<CapabilityCreated> CreateShareAsync(CreateShareRequest request) => services.Admin.CreateShareAsync(Authority, request);

    public Task<ShareList> ListSharesAsync(PageRequest request, CancellationToken cancellationToken) =>
        Task.FromResult(services.Lists.ListShares(Authority, request));

    public Task<CapabilityCreated> AttenuateAsync(AttenuateRequest request) => services.Admin.AttenuateAsync(Authority, request);

    public Task<CapabilityRevoked> RevokeCapabilityAsync(RevokeCapabilityRequest request) => services.Admin.RevokeAsync(Authority, request);

    public Task<CapabilityPage> ListCapabilitiesAsync(PageRequest request, CancellationToken cancellationToken) =>
        Task.FromResult(services.Lists.ListCapabilities(Authority, request));

    public Task<AuditPage> ListAuditAsync(PageRequest request, CancellationToken cancellationToken) =>
        Task.FromResult(services.Lists.ListAudit(Authority, request));

    public Task DeleteShareAsync(DeleteShareRequest request) => services.Admin.DeleteShareAsync(Authority, request);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0) return;
        services.Registry.Remove(authority);
        authority.Dispose();
    }
}
