using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using StreamJsonRpc;

namespace ShareRpc.Protocol.Rpc;

/// <summary>
/// The live object that a redemption returns; it dies with its connection, and its death says nothing about the sturdy
/// ref. Which rights each method asks for is in SPEC section "Rights".
/// </summary>
[RpcMarshalable]
public partial interface IShareHandle : IDisposable
{
    /// <summary>
    /// Appends a batch, and answers when it is on disk. Calls of one connection are applied in the order in which they
    /// were sent.
    /// </summary>
    [JsonRpcMethod("appendOps", UseSingleObjectParameterDeserialization = true)]
    Task<Ack> AppendOpsAsync(OpBatch batch);

    /// <summary>
    /// Returns the ops after a cursor, and waits up to <c>wait_ms</c> for the first one: history, catch-up and live
    /// reading in one call.
    /// </summary>
    [JsonRpcMethod("readOps", UseSingleObjectParameterDeserialization = true)]
    Task<OpPage> ReadOpsAsync(ReadOpsRequest request, CancellationToken cancellationToken);

    /// <summary>Returns the folded documents, in order of kind and key. Follow from the first page's cursor.</summary>
    [JsonRpcMethod("getState", UseSingleObjectParameterDeserialization = true)]
    Task<StatePage> GetStateAsync(GetStateRequest request, CancellationToken cancellationToken);

    /// <summary>Derives a child ref with equal or fewer rights. Safe to repeat with the same parameters.</summary>
    [JsonRpcMethod("attenuate", UseSingleObjectParameterDeserialization = true)]
    Task<CapabilityCreated> AttenuateAsync(AttenuateRequest request);

    /// <summary>Revokes a descendant, or this ref itself, for good. Safe to repeat.</summary>
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

    /// <summary>Lists this ref and its descendants.</summary>
    [JsonRpcMethod("listCapabilities", UseSingleObjectParameterDeserialization = true)]
    Task<CapabilityPage> ListCapabilitiesAsync(CapabilityListRequest request, CancellationToken cancellationToken);

    /// <summary>Lists who did what in this share, and when.</summary>
    [JsonRpcMethod("listAudit", UseSingleObjectParameterDeserialization = true)]
    Task<AuditPage> ListAuditAsync(AuditRequest request, CancellationToken cancellationToken);

    /// <summary>Ends the share for good: appends answer <c>share_ended</c>, reads continue. Safe to repeat.</summary>
    [JsonRpcMethod("endShare")]
    Task EndShareAsync();
}
