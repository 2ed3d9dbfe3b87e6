using System.Text.Json;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Connections.Handles;
using StreamJsonRpc.Protocol;

namespace ShareRpc.Server.Connections;

/// <summary>
/// Refuses redemptions by a wrong token before they are called. The gateway would refuse them too, by an exception that
/// the RPC layer throws on from step to step: several times the work of finding out that the token is wrong, and a
/// flood of them pays nothing.
/// </summary>
internal sealed class WrongTokens(SessionState session, Redeemer redeemer)
{
    /// <summary>
    /// What a call is refused with; null for one that is no redemption by token, or by one whose tag is right.
    /// </summary>
    public async ValueTask<ShareRpcException?> RefuseAsync(JsonRpcRequest request, CancellationToken cancellationToken)
    {
        if (request.Method is not ("redeemShare" or "redeemRoot") || TokenOf(request) is not { } token) return null;
        ShareRpcException? refusal = await redeemer.RefuseWrongAsync(token, session.Address, cancellationToken).ConfigureAwait(false);
        return refusal is null || session.TryCountHandle() ? refusal : new ShareRpcException(ErrorCode.TooManyHandles);
    }

    /// <summary>
    /// The token, if it is the only secret given (SPEC REDEEM-1). The parameters are one object, or a list of that
    /// object.
    /// </summary>
    private static string? TokenOf(JsonRpcRequest request)
    {
        if (!request.TryGetArgumentByNameOrIndex("token", 0, typeof(JsonElement), out object? found) || found is not JsonElement value)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Object)
        {
            bool hasTicket = request.TryGetArgumentByNameOrIndex("ticket", -1, typeof(JsonElement), out object? ticket);
            return hasTicket && ticket is JsonElement { ValueKind: not JsonValueKind.Null } ? null : TextOf(value);
        }

        bool isOnly = !value.TryGetProperty("ticket", out JsonElement other) || other.ValueKind == JsonValueKind.Null;
        return isOnly && value.TryGetProperty("token", out JsonElement token) ? TextOf(token) : null;
    }

    private static string? TextOf(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
