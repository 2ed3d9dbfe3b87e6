using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Changes;
using ShareRpc.Server.Search;

namespace ShareRpc.Server.Connections.Handles;

internal sealed class RootHandle(
    SessionState session, Authority authority, AuthorityRegistry registry, CapabilityAdmin admin,
    CapabilityChanges changes,
    CapabilityLists lists, ShareSearch search, ServerHealth health)
    : CapabilityHandle(session, new AuthorityHold(authority, registry), admin, changes, lists), IRootHandle
{
    private readonly CapabilityChanges changes = changes;
    private readonly CapabilityLists lists = lists;

    public Task<CapabilityCreated> CreateShareAsync(CreateShareRequest request) =>
        Hold.DuringAsync(held => Admin.CreateShareAsync(held, request));

    public Task<ShareList> ListSharesAsync(PageRequest request, CancellationToken cancellationToken) =>
        Hold.DuringAsync(held => lists.ListSharesAsync(held, request).AsTask());

    public Task<ShareSearchPage> SearchSharesAsync(SearchRequest request, CancellationToken cancellationToken) =>
        Hold.DuringAsync(held => search.SearchSharesAsync(held, request, cancellationToken));

    public Task DeleteShareAsync(DeleteShareRequest request) =>
        Hold.DuringAsync(held => Admin.DeleteShareAsync(held, request));

    public Task<SharesAdopted> AdoptSharesAsync(CapabilityRequest request) =>
        Hold.DuringAsync(held => changes.AdoptSharesAsync(held, request));

    public Task<ServerStatus> GetServerStatusAsync(CancellationToken cancellationToken) => Hold.DuringAsync(held =>
    {
        held.Demand(Rights.Admin);
        return health.ReadAsync(cancellationToken);
    });
}
