using ShareRpc.Protocol.Rpc;
using ShareRpc.Server.Capabilities;

namespace ShareRpc.Server.Rpc;

/// <summary>A live root or creator handle.</summary>
internal sealed class RootHandle(RpcServices services, Authority authority) : IRootHandle
{
    private int disposed;

    public Task<CapabilityCreated> CreateShareAsync(CreateShareRequest request) => services.Admin.CreateShareAsync(authority, request);

    public Task<ShareList> ListSharesAsync(PageRequest request, CancellationToken cancellationToken) =>
        Task.FromResult(services.Lists.ListShares(authority, request));

    public Task<CapabilityCreated> AttenuateAsync(AttenuateRequest request) => services.Admin.AttenuateAsync(authority, request);

    public Task<CapabilityRevoked> RevokeCapabilityAsync(RevokeCapabilityRequest request) => services.Admin.RevokeAsync(authority, request);

    public Task<CapabilityPage> ListCapabilitiesAsync(PageRequest request, CancellationToken cancellationToken) =>
        Task.FromResult(services.Lists.ListCapabilities(authority, request));

    public Task<AuditPage> ListAuditAsync(PageRequest request, CancellationToken cancellationToken) =>
        Task.FromResult(services.Lists.ListAudit(authority, request));

    public Task DeleteShareAsync(DeleteShareRequest request) => services.Admin.DeleteShareAsync(authority, request);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0) return;
        services.Registry.Remove(authority);
        authority.Dispose();
    }
}
