using StreamJsonRpc;

namespace ShareRpc.Protocol.Rpc;

/// <summary>The live object of a root or creator ref. A creator sees and makes only its own shares.</summary>
[RpcMarshalable]
public interface IRootHandle : IDisposable
{
    /// <summary>Creates a share and its owner ref. Safe to repeat with the same parameters.</summary>
    [JsonRpcMethod("createShare", UseSingleObjectParameterDeserialization = true)]
    Task<CapabilityCreated> CreateShareAsync(CreateShareRequest request);

    /// <summary>The shares in reach, oldest first.</summary>
    [JsonRpcMethod("listShares", UseSingleObjectParameterDeserialization = true)]
    Task<ShareList> ListSharesAsync(PageRequest request, CancellationToken cancellationToken);

    /// <summary>Derives a root or creator ref with equal or fewer rights. Safe to repeat with the same parameters.</summary>
    [JsonRpcMethod("attenuate", UseSingleObjectParameterDeserialization = true)]
    Task<CapabilityCreated> AttenuateAsync(AttenuateRequest request);

    /// <summary>Takes back any ref in reach, for good. Safe to repeat.</summary>
    [JsonRpcMethod("revokeCapability", UseSingleObjectParameterDeserialization = true)]
    Task<CapabilityRevoked> RevokeCapabilityAsync(RevokeCapabilityRequest request);

    /// <summary>The refs in reach, oldest first.</summary>
    [JsonRpcMethod("listCapabilities", UseSingleObjectParameterDeserialization = true)]
    Task<CapabilityPage> ListCapabilitiesAsync(PageRequest request, CancellationToken cancellationToken);

    /// <summary>Who did what, when.</summary>
    [JsonRpcMethod("listAudit", UseSingleObjectParameterDeserialization = true)]
    Task<AuditPage> ListAuditAsync(PageRequest request, CancellationToken cancellationToken);

    /// <summary>Erases a share's ops and documents; its tombstone answers <c>share_deleted</c> for ever. Safe to repeat.</summary>
    [JsonRpcMethod("deleteShare", UseSingleObjectParameterDeserialization = true)]
    Task DeleteShareAsync(DeleteShareRequest request);
}
