using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using StreamJsonRpc;

namespace ShareRpc.Protocol.Rpc;

/// <summary>Ends with its connection, unlike the ref. See SPEC section "Rights".</summary>
[RpcMarshalable]
public partial interface IShareHandle : ICapabilityHandle
{
    /// <summary>Appends durably, in call order per connection.</summary>
    [JsonRpcMethod("appendOps", UseSingleObjectParameterDeserialization = true)]
    Task<Ack> AppendOpsAsync(OpBatch batch);

    /// <summary>Returns ops after a cursor; may wait for the first.</summary>
    [JsonRpcMethod("readOps", UseSingleObjectParameterDeserialization = true)]
    Task<OpPage> ReadOpsAsync(ReadOpsRequest request, CancellationToken cancellationToken);

    /// <summary>Pushes pages until the share ends; then returns a page without ops. See SPEC [SUB-1].</summary>
    [JsonRpcMethod("subscribe", UseSingleObjectParameterDeserialization = true)]
    Task<OpPage> SubscribeAsync(SubscribeRequest request, CancellationToken cancellationToken);

    /// <summary>Returns documents. Follow from the first page's cursor.</summary>
    [JsonRpcMethod("getState", UseSingleObjectParameterDeserialization = true)]
    Task<StatePage> GetStateAsync(GetStateRequest request, CancellationToken cancellationToken);

    /// <summary>Finds documents by their words, in the order of cursors. See SPEC [SEARCH-1].</summary>
    [JsonRpcMethod("search", UseSingleObjectParameterDeserialization = true)]
    Task<SearchPage> SearchAsync(SearchRequest request, CancellationToken cancellationToken);

    /// <summary>Lists who has the share open.</summary>
    [JsonRpcMethod("listPresence")]
    Task<PresenceList> ListPresenceAsync(CancellationToken cancellationToken);

    /// <summary>Keeps the share as long as if it had been appended to now. See SPEC [REDEEM-11].</summary>
    [JsonRpcMethod("keepShare")]
    Task<ShareKept> KeepShareAsync();

    /// <summary>Ends appends; reads continue. Idempotent.</summary>
    [JsonRpcMethod("endShare")]
    Task EndShareAsync();
}
