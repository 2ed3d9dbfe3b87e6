using ShareRpc.Protocol.Messages;
using StreamJsonRpc;

namespace ShareRpc.Protocol.Rpc;

/// <summary>Entry object of a connection.</summary>
public partial interface IShareGateway
{
    /// <summary>
    /// Redeems, applies <c>append</c>, then reads. Only authority, fork and gap errors stop later batches.
    /// </summary>
    [JsonRpcMethod("redeemShare", UseSingleObjectParameterDeserialization = true)]
    Task<RedeemShareResult> RedeemShareAsync(RedeemShareRequest request, CancellationToken cancellationToken);

    /// <summary>Redeems a root or creator token.</summary>
    [JsonRpcMethod("redeemRoot", UseSingleObjectParameterDeserialization = true)]
    Task<RedeemRootResult> RedeemRootAsync(RedeemRootRequest request, CancellationToken cancellationToken);

    /// <summary>Gives a subscription of this connection more credit; a notification.</summary>
    [JsonRpcMethod("credit", UseSingleObjectParameterDeserialization = true)]
    Task GiveCreditAsync(CreditRequest request);
}
