using System.Collections.Concurrent;
using System.Text.Json;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Connections.Handles;
using StreamJsonRpc.Protocol;

namespace ShareRpc.Server.Connections;

/// <summary>
/// Refuses wrong tokens before dispatch: exceptions through the RPC layer cost several times the check. Keeps found
/// refs for the gateway.
/// </summary>
internal sealed class WrongTokens(SessionState session, Redeemer redeemer, int callsInFlight)
{
    private readonly ConcurrentDictionary<string, FoundRef> found = new(1, 1, StringComparer.Ordinal);

    public async ValueTask<ShareRpcException?> RefuseAsync(JsonRpcRequest request, CancellationToken cancellationToken)
    {
        if (request.Method is not ("redeemShare" or "redeemRoot") || TokenOf(request) is not { } token) return null;
        return await RefuseAsync(token, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Returns why a token is refused; null keeps what it opens.</summary>
    public async ValueTask<ShareRpcException?> RefuseAsync(string token, CancellationToken cancellationToken)
    {
        (FoundRef? right, ShareRpcException? refusal) =
            await redeemer.TryFindAsync(token, session.Address, cancellationToken).ConfigureAwait(false);
        if (right is null) return session.TryCountHandle() ? refusal : new ShareRpcException(ErrorCode.TooManyHandles);

        if (found.Count < callsInFlight || found.ContainsKey(token)) found[token] = right;
        return null;
    }

    public async ValueTask<FoundRef> FindAsync(string token, CancellationToken cancellationToken) =>
        found.TryRemove(token, out FoundRef? right)
            ? right
            : await redeemer.FindAsync(token, session.Address, cancellationToken).ConfigureAwait(false);

    private static string? TokenOf(JsonRpcRequest request)
    {
        request.TryGetArgumentByNameOrIndex("token", 0, typeof(JsonElement), out object? argument);
        if (argument is not JsonElement value) return null;
        if (value.ValueKind == JsonValueKind.Object && !value.TryGetProperty("token", out value)) return null;
        return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }
}
