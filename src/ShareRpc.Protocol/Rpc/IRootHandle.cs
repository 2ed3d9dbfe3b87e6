using ShareRpc.Protocol.Messages;
using StreamJsonRpc;

namespace ShareRpc.Protocol.Rpc;

/// <summary>The live object of a root or creator ref. A creator sees and makes only its own shares.</summary>
[RpcMarshalable]
public partial interface IRootHandle : IDisposable
{
    /// <summary>Creates a share and its owner ref. Safe to repeat with the same parameters.</summary>
    [JsonRpcMethod("createShare", UseSingleObjectParameterDeserialization = true)]
    Task<CapabilityCreated> CreateShareAsync(CreateShareRequest request);

    /// <summary>Lists the shares that this ref may see, oldest first.</summary>
    [JsonRpcMethod("listShares", UseSingleObjectParameterDeserialization = true)]
    Task<ShareList> ListSharesAsync(PageRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Derives a root or creator ref with equal or fewer rights; with <c>share_id</c> a ref of that share. Safe to
    /// repeat with the same parameters.
    /// </summary>
    [JsonRpcMethod("attenuate", UseSingleObjectParameterDeserialization = true)]
    Task<CapabilityCreated> AttenuateAsync(AttenuateRequest request);

    /// <summary>Revokes any ref that this one may see, for good. Safe to repeat.</summary>
    [JsonRpcMethod("revokeCapability", UseSingleObjectParameterDeserialization = true)]
    Task<CapabilityRevoked> RevokeCapabilityAsync(RevokeCapabilityRequest request);

    /// <summary>
    /// Suspends a ref and its descendants until <c>resumeCapability</c>; their live handles end. Safe to repeat.
    /// </summary>
    [JsonRpcMethod("suspendCapability", UseSingleObjectParameterDeserialization = true)]
    Task<CapabilityChanged> SuspendCapabilityAsync(CapabilityRequest request);

    /// <summary>Ends a suspension. Safe to repeat.</summary>
    [JsonRpcMethod("resumeCapability", UseSingleObjectParameterDeserialization = true)]
    Task<CapabilityChanged> ResumeCapabilityAsync(CapabilityRequest request);

    /// <summary>
    /// Returns a new secret at the next epoch: the old token, handles and all descendants are dead. Safe to repeat with
    /// the same digest.
    /// </summary>
    [JsonRpcMethod("rotateCapability", UseSingleObjectParameterDeserialization = true)]
    Task<CapabilityChanged> RotateCapabilityAsync(RotateCapabilityRequest request);

    /// <summary>Lists the refs that this ref may see, oldest first.</summary>
    [JsonRpcMethod("listCapabilities", UseSingleObjectParameterDeserialization = true)]
    Task<CapabilityPage> ListCapabilitiesAsync(CapabilityListRequest request, CancellationToken cancellationToken);

    /// <summary>Lists who did what, and when.</summary>
    [JsonRpcMethod("listAudit", UseSingleObjectParameterDeserialization = true)]
    Task<AuditPage> ListAuditAsync(AuditRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Erases a share's ops and documents; its tombstone answers <c>share_deleted</c> for ever. Safe to repeat.
    /// </summary>
    [JsonRpcMethod("deleteShare", UseSingleObjectParameterDeserialization = true)]
    Task DeleteShareAsync(DeleteShareRequest request);

    /// <summary>
    /// Hands the shares of a creator, and of creators below it, to root: whoever was invited stays, the creator's own
    /// tokens of them are dead. Safe to repeat.
    /// </summary>
    [JsonRpcMethod("adoptShares", UseSingleObjectParameterDeserialization = true)]
    Task<SharesAdopted> AdoptSharesAsync(CapabilityRequest request);

    /// <summary>Returns the state of the server.</summary>
    [JsonRpcMethod("serverStatus")]
    Task<ServerStatus> GetServerStatusAsync(CancellationToken cancellationToken);
}
