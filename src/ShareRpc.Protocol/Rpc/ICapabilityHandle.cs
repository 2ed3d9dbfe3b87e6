using ShareRpc.Protocol.Messages;
using StreamJsonRpc;

namespace ShareRpc.Protocol.Rpc;

/// <summary>The calls about refs, which share, root and creator handles have.</summary>
public interface ICapabilityHandle : IDisposable
{
    /// <summary>Derives a ref: of a share, or a root or creator ref. Idempotent.</summary>
    [JsonRpcMethod("attenuate", UseSingleObjectParameterDeserialization = true)]
    Task<CapabilityCreated> AttenuateAsync(AttenuateRequest request);

    /// <summary>Revokes this ref, a descendant or, of a root or creator handle, a visible ref. Idempotent.</summary>
    [JsonRpcMethod("revokeCapability", UseSingleObjectParameterDeserialization = true)]
    Task<CapabilityRevoked> RevokeCapabilityAsync(RevokeCapabilityRequest request);

    /// <summary>Suspends a ref and descendants; ends handles. Idempotent.</summary>
    [JsonRpcMethod("suspendCapability", UseSingleObjectParameterDeserialization = true)]
    Task<CapabilityChanged> SuspendCapabilityAsync(CapabilityRequest request);

    /// <summary>Ends a suspension. Idempotent.</summary>
    [JsonRpcMethod("resumeCapability", UseSingleObjectParameterDeserialization = true)]
    Task<CapabilityChanged> ResumeCapabilityAsync(CapabilityRequest request);

    /// <summary>Replaces the secret and epoch; ends the old token, handles and descendants. Idempotent.</summary>
    [JsonRpcMethod("rotateCapability", UseSingleObjectParameterDeserialization = true)]
    Task<CapabilityChanged> RotateCapabilityAsync(RotateCapabilityRequest request);

    /// <summary>Lists this ref and its descendants or, of a root or creator handle, visible refs.</summary>
    [JsonRpcMethod("listCapabilities", UseSingleObjectParameterDeserialization = true)]
    Task<CapabilityPage> ListCapabilitiesAsync(CapabilityListRequest request, CancellationToken cancellationToken);

    /// <summary>Lists audit entries, of a share handle those of its share.</summary>
    [JsonRpcMethod("listAudit", UseSingleObjectParameterDeserialization = true)]
    Task<AuditPage> ListAuditAsync(AuditRequest request, CancellationToken cancellationToken);
}
