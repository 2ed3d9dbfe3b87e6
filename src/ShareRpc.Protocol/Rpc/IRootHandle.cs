using ShareRpc.Protocol.Messages;
using StreamJsonRpc;

namespace ShareRpc.Protocol.Rpc;

/// <summary>Root or creator handle. Creators see only own shares.</summary>
[RpcMarshalable]
public partial interface IRootHandle : ICapabilityHandle
{
    /// <summary>Creates a share and its owner ref. Idempotent.</summary>
    [JsonRpcMethod("createShare", UseSingleObjectParameterDeserialization = true)]
    Task<CapabilityCreated> CreateShareAsync(CreateShareRequest request);

    /// <summary>Lists visible shares, oldest first.</summary>
    [JsonRpcMethod("listShares", UseSingleObjectParameterDeserialization = true)]
    Task<ShareList> ListSharesAsync(PageRequest request, CancellationToken cancellationToken);

    /// <summary>Finds visible shares by the words of their documents, newest first. See SPEC [SEARCH-6].</summary>
    [JsonRpcMethod("searchShares", UseSingleObjectParameterDeserialization = true)]
    Task<ShareSearchPage> SearchSharesAsync(SearchRequest request, CancellationToken cancellationToken);

    /// <summary>Erases a share's data permanently. Idempotent.</summary>
    [JsonRpcMethod("deleteShare", UseSingleObjectParameterDeserialization = true)]
    Task DeleteShareAsync(DeleteShareRequest request);

    /// <summary>
    /// Moves a creator's and its descendants' shares to root; ends the creators' tokens of them, keeps invitations.
    /// Idempotent.
    /// </summary>
    [JsonRpcMethod("adoptShares", UseSingleObjectParameterDeserialization = true)]
    Task<SharesAdopted> AdoptSharesAsync(CapabilityRequest request);

    /// <summary>Returns the server state.</summary>
    [JsonRpcMethod("serverStatus")]
    Task<ServerStatus> GetServerStatusAsync(CancellationToken cancellationToken);
}
