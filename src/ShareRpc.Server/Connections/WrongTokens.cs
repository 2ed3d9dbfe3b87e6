using System.Collections.Concurrent;
using System.Text.Json;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Connections.Handles;
using StreamJsonRpc.Protocol;

namespace ShareRpc.Server.Connections;

/// <summary>
/// Refuses redemptions by a wrong token before they are called. The gateway would refuse them too, by an exception that
/// the RPC layer throws on from step to step: several times the work of finding out that the token is wrong, and a
/// flood of them pays nothing. What it finds of a right token is kept for the gateway, which need not read it again.
/// </summary>
internal sealed class WrongTokens(SessionState session, Redeemer redeemer, int callsInFlight)
{
    private readonly ConcurrentDictionary<string, FoundRef> found = new(1, 1, StringComparer.Ordinal);

    /// <summary>Returns what a call is refused with; null for one that is no redemption, or by a right token.</summary>
    public async ValueTask<ShareRpcException?> RefuseAsync(JsonRpcRequest request, CancellationToken cancellationToken)
    {
        if (request.Method is not ("redeemShare" or "redeemRoot") || TokenOf(request) is not { } token) return null;
        (FoundRef? right, ShareRpcException? refusal) =
            await redeemer.TryFindAsync(token, session.Address, cancellationToken).ConfigureAwait(false);
        if (right is null) return session.TryCountHandle() ? refusal : new ShareRpcException(ErrorCode.TooManyHandles);

        // A call that fails on the way to the gateway leaves its entry; the next one of that token takes it.
        if (found.Count < callsInFlight || found.ContainsKey(token)) found[token] = right;
        return null;
    }

    /// <summary>Returns the ref of a token; throws for a wrong one.</summary>
    public async ValueTask<FoundRef> FindAsync(string token, CancellationToken cancellationToken) =>
        found.TryRemove(token, out FoundRef? right)
            ? right
            : await redeemer.FindAsync(token, session.Address, cancellationToken).ConfigureAwait(false);

    /// <summary>The parameters are one object, or a list of that object.</summary>
    private static string? TokenOf(JsonRpcRequest request)
    {
        request.TryGetArgumentByNameOrIndex("token", 0, typeof(JsonElement), out object? argument);
        if (argument is not JsonElement value) return null;
        if (value.ValueKind == JsonValueKind.Object && !value.TryGetProperty("token", out value)) return null;
        return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }
}
