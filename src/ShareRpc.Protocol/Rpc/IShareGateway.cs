using ShareRpc.Protocol.Messages;
using StreamJsonRpc;

namespace ShareRpc.Protocol.Rpc;

/// <summary>The only object a fresh connection can reach.</summary>
public partial interface IShareGateway
{
    /// <summary>
    /// Redeems a token; then replays <c>append</c> in order and reads a first page, all in one round trip. An error of
    /// one batch is in its place in <c>acks</c>; later batches are still tried, except after an authority, fork or gap
    /// error.
    /// </summary>
    [JsonRpcMethod("redeemShare", UseSingleObjectParameterDeserialization = true)]
    Task<RedeemShareResult> RedeemShareAsync(RedeemShareRequest request, CancellationToken cancellationToken);

    /// <summary>Redeems the token of a root or creator ref.</summary>
    [JsonRpcMethod("redeemRoot", UseSingleObjectParameterDeserialization = true)]
    Task<RedeemRootResult> RedeemRootAsync(RedeemRootRequest request, CancellationToken cancellationToken);
}
