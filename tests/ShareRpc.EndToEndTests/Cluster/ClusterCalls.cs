using System.Net.WebSockets;
using System.Text.Json;
using ShareRpc.EndToEndTests.Attacks;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Cluster;

/// <summary>Single calls to whatever node answers, repeated until one does.</summary>
internal static class ClusterCalls
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Returns the result; an error that a repetition would not change is thrown.</summary>
    public static async Task<JsonElement> CallAsync(
        this ClusterServers servers, ShareToken token, bool isRoot, string method, string parameters,
        CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (servers.Choose() is { } node
                && await TryAsync(node, token, isRoot, method, parameters, cancellationToken) is { } result)
                return result;
            await Until.PassedAsync(Pause, cancellationToken);
        }
    }

    private static async Task<JsonElement?> TryAsync(
        Uri node, ShareToken token, bool isRoot, string method, string parameters, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            using RawConnection connection = await RawConnection.OpenAsync(node, patience.Token);
            JsonElement redeemed = await connection.CallAsync(
                isRoot ? "redeemRoot" : "redeemShare", $$"""{"token":"{{token.Reveal()}}"}""", patience.Token);
            if (ResultOf(redeemed) is not { } opened) return null;
            long handle = opened.GetProperty(isRoot ? "root" : "share").GetProperty("handle").GetInt64();
            return ResultOf(await connection.CallAsync(handle, method, parameters, patience.Token));
        }
        catch (Exception broken) when (
            (broken is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
            && !cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private static JsonElement? ResultOf(JsonElement answer)
    {
        if (answer.TryGetProperty("result", out JsonElement result)) return result;
        JsonElement data = answer.GetProperty("error").GetProperty("data");
        return data.GetProperty("transient").GetBoolean()
            ? null : throw new InvalidOperationException(data.GetRawText());
    }
}
