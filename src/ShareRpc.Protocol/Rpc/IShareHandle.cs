using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using StreamJsonRpc;

namespace ShareRpc.Protocol.Rpc;

/// <summary>
/// The live object that a redemption returns; it dies with its connection, and its death says nothing about the sturdy ref. Which rights
/// each method asks for is in SPEC section "Rights".
/// </summary>
[RpcMarshalable]
public partial interface IShareHandle : IDisposable
{
    /// <summary>Answers after the batch is on disk. Calls of one connection are applied in the order they were sent.</summary>
    [JsonRpcMethod("appendOps", UseSingleObjectParameterDeserialization = true)]
    Task<Ack> AppendOpsAsync(OpBatch batch);

    /// <summary>History, catch-up and live in one: the ops after a cursor, waiting up to <c>wait_ms</c> for the first one.</summary>
    [JsonRpcMethod("readOps", UseSingleObjectParameterDeserialization = true)]
    Task<OpPage> ReadOpsAsync(ReadOpsRequest request, CancellationToken cancellationToken);

    /// <summary>The folded documents, in order of kind and key. Follow from the first page's cursor.</summary>
    [JsonRpcMethod("getState", UseSingleObjectParameterDeserialization = true)]
    Task<StatePage> GetStateAsync(GetStateRequest request, CancellationToken cancellationToken);

    /// <summary>Derives a child ref with equal or fewer rights. Safe to repeat with the same parameters.</summary>
    [JsonRpcMethod("attenuate", UseSingleObjectParameterDeserialization = true)]
    Task<CapabilityCreated> AttenuateAsync(AttenuateRequest request);

    /// <summary>Takes a descendant (or this ref itself) back, for good. Safe to repeat.</summary>
    [JsonRpcMethod("revokeCapability", UseSingleObjectParameterDeserialization = true)]
    Task<CapabilityRevoked> RevokeCapabilityAsync(RevokeCapabilityRequest request);

    /// <summary>
    /// Takes a ref in reach, and its descendants, out of use until <c>resumeCapability</c>; their live handles die. Safe to repeat.
    /// </summary>
    [JsonRpcMethod("suspendCapability", UseSingleObjectParameterDeserialization = true)]
    Task<CapabilityChanged> SuspendCapabilityAsync(CapabilityRequest request);

    /// <summary>Ends a suspension. Safe to repeat.</summary>
    [JsonRpcMethod("resumeCapability", UseSingleObjectParameterDeserialization = true)]
    Task<CapabilityChanged> ResumeCapabilityAsync(CapabilityRequest request);

    /// <summary>
    /// A new secret at the next epoch: the old token, handles and all descendants are dead. Safe to repeat with the same digest.
    /// </summary>
    [JsonRpcMethod("rotateCapability", UseSingleObjectParameterDeserialization = true)]
    Task<CapabilityChanged> RotateCapabilityAsync(RotateCapabilityRequest request);

    /// <summary>This ref and its descendants.</summary>
    [JsonRpcMethod("listCapabilities", UseSingleObjectParameterDeserialization = true)]
    Task<CapabilityPage> ListCapabilitiesAsync(CapabilityListRequest request, CancellationToken cancellationToken);

    /// <summary>Who did what, when: the entries of this share.</summary>
    [JsonRpcMethod("listAudit", UseSingleObjectParameterDeserialization = true)]
    Task<AuditPage> ListAuditAsync(AuditRequest request, CancellationToken cancellationToken);

    /// <summary>Final: appends answer <c>share_ended</c> from now on, reads go on. Safe to repeat.</summary>
    [JsonRpcMethod("endShare")]
    Task EndShareAsync();
}
