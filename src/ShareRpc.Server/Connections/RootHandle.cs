using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Server.Access;

namespace ShareRpc.Server.Connections;

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

    public Task<CapabilityChanged> SuspendCapabilityAsync(CapabilityRequest request) =>
        hold.DuringAsync(held => services.Changes.SuspendAsync(held, request));

    public Task<CapabilityChanged> ResumeCapabilityAsync(CapabilityRequest request) =>
        hold.DuringAsync(held => services.Changes.ResumeAsync(held, request));

    public Task<CapabilityChanged> RotateCapabilityAsync(RotateCapabilityRequest request) =>
        hold.DuringAsync(held => services.Changes.RotateAsync(held, request));

    public Task<CapabilityPage> ListCapabilitiesAsync(CapabilityListRequest request, CancellationToken cancellationToken) =>
        hold.DuringAsync(held => Task.FromResult(services.Lists.ListCapabilities(held, request)));

    public Task<AuditPage> ListAuditAsync(AuditRequest request, CancellationToken cancellationToken) =>
        hold.DuringAsync(held => Task.FromResult(services.Lists.ListAudit(held, request)));

    public Task DeleteShareAsync(DeleteShareRequest request) => hold.DuringAsync(held => services.Admin.DeleteShareAsync(held, request));

    public Task<SharesAdopted> AdoptSharesAsync(CapabilityRequest request) =>
        hold.DuringAsync(held => services.Changes.AdoptSharesAsync(held, request));

    public Task<ServerStatus> GetServerStatusAsync(CancellationToken cancellationToken) => hold.DuringAsync(held =>
    {
        held.Demand(Rights.Admin);
        return Task.FromResult(services.Health.Read());
    });

    public void Dispose() => hold.Drop();
}
