using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Changes;

namespace ShareRpc.Server.Connections.Handles;

/// <summary>
/// A live handle with the operations on refs common to shares and server. Disposal ends the handle, never the ref.
/// </summary>
internal abstract class CapabilityHandle(
    SessionState session, AuthorityHold hold, CapabilityAdmin admin, CapabilityChanges changes, CapabilityLists lists)
        : IDisposable
{
    public bool IsDenied => hold.Authority.Denied.IsCancellationRequested;

    /// <summary>Throws why access has ended, if it has; of a page of ops or documents why it may not be sent.</summary>
    public void Demand(bool isPage)
    {
        if (isPage) hold.Authority.DemandPage();
        else hold.Authority.Demand(Rights.None);
    }

    protected AuthorityHold Hold => hold;

    protected CapabilityAdmin Admin => admin;

    public Task<CapabilityCreated> AttenuateAsync(AttenuateRequest request) =>
        hold.DuringAsync(authority => admin.AttenuateAsync(authority, request));

    public Task<CapabilityRevoked> RevokeCapabilityAsync(RevokeCapabilityRequest request) =>
        hold.DuringAsync(authority => admin.RevokeAsync(authority, request));

    public Task<CapabilityChanged> SuspendCapabilityAsync(CapabilityRequest request) =>
        hold.DuringAsync(authority => changes.SuspendAsync(authority, request));

    public Task<CapabilityChanged> ResumeCapabilityAsync(CapabilityRequest request) =>
        hold.DuringAsync(authority => changes.ResumeAsync(authority, request));

    public Task<CapabilityChanged> RotateCapabilityAsync(RotateCapabilityRequest request) =>
        hold.DuringAsync(authority => changes.RotateAsync(authority, request));

    public Task<CapabilityPage> ListCapabilitiesAsync(CapabilityListRequest request,
        CancellationToken cancellationToken) =>
        hold.DuringAsync(authority => lists.ListCapabilitiesAsync(authority, request).AsTask());

    public Task<AuditPage> ListAuditAsync(AuditRequest request, CancellationToken cancellationToken) =>
        hold.DuringAsync(authority => lists.ListAuditAsync(authority, request).AsTask());

    public void Dispose()
    {
        session.Disown(this);
        hold.Drop();
        session.Subscriptions?.WakeAll();
    }
}
