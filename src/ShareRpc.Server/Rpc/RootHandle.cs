using ShareRpc.Protocol.Rpc;
using ShareRpc.Server.Capabilities;

namespace ShareRpc.Server.Rpc;

/// <summary>A live root or creator handle.</summary>
internal sealed class RootHandle(RpcServices services, Authority authority) : IRootHandle
{
    private readonly AuthorityHold hold = new(authority, services.Registry);

    public Task<CapabilityCreated> CreateShareAsync(CreateShareRequest request) =>
        hold.DuringAsync(held => services.Admin.CreateShareAsync(held, request));

    public Task<ShareList> ListSharesAsync(PageRequest request, CancellationToken cancellationToken) =>
        hold.DuringAsync(held => Task.FromResult(services.Lists.ListShares(held, request)));

    public Task<CapabilityCreated> AttenuateAsync(AttenuateRequest request) =>
        hold.DuringAsync(held => services.Admin.AttenuateAsync(held, request));

    public Task<CapabilityRevoked> RevokeCapabilityAsync(RevokeCapabilityRequest request) =>
        hold.DuringAsync(held => services.Admin.RevokeAsync(held, request));

    public Task<CapabilityPage> ListCapabilitiesAsync(PageRequest request, CancellationToken cancellationToken) =>
        hold.DuringAsync(held => Task.FromResult(services.Lists.ListCapabilities(held, request)));

    public Task<AuditPage> ListAuditAsync(PageRequest request, CancellationToken cancellationToken) =>
        hold.DuringAsync(held => Task.FromResult(services.Lists.ListAudit(held, request)));

    public Task DeleteShareAsync(DeleteShareRequest request) => hold.DuringAsync(held => services.Admin.DeleteShareAsync(held, request));

    public void Dispose() => hold.Drop();
}
