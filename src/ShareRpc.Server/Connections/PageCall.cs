using System.Text.Json;
using StreamJsonRpc.Protocol;

namespace ShareRpc.Server.Connections;

/// <summary>
/// Requests to the RPC layer for a page that is there at once. They take turns on a connection, each until its page has
/// left, so that a peer that does not read holds one at most.
/// </summary>
internal static class PageCall
{
    private static readonly string[] Methods =
        ["readOps", "getState", "search", "listShares", "searchShares", "listCapabilities", "listAudit"];

    public static bool Is(JsonRpcRequest request)
    {
        string method = request.Method![(request.Method!.LastIndexOf('/') + 1)..];
        return Methods.Contains(method) && !(method == "readOps" && Waits(request));
    }

    /// <summary>Reads that wait are bounded by <c>waiting_reads</c>.</summary>
    private static bool Waits(JsonRpcRequest request)
    {
        request.TryGetArgumentByNameOrIndex("wait_ms", 0, typeof(JsonElement), out object? argument);
        if (argument is not JsonElement value) return false;
        bool isWhole = value.ValueKind == JsonValueKind.Object;
        if (isWhole && !value.TryGetProperty("wait_ms", out value)) return false;
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double wait) && wait > 0;
    }
}
