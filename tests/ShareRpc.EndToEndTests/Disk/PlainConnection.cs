using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace ShareRpc.EndToEndTests.Disk;

/// <summary>
/// A WebSocket and JSON text: every answer is what the server sent, and nothing is sent twice. One call at a time.
/// Reads between calls, too, since only who reads answers the server's pings.
/// </summary>
internal sealed class PlainConnection : IDisposable
{
    private readonly ClientWebSocket socket = new();
    private readonly Channel<JsonObject> received = Channel.CreateUnbounded<JsonObject>();
    private int lastId;
    private long handle;

    /// <summary>Connects and redeems a share's token.</summary>
    public static async Task<PlainConnection> RedeemAsync(Uri server, string token, string? writerId,
        CancellationToken cancellationToken)
    {
        var connection = new PlainConnection();
        connection.socket.Options.AddSubProtocol("sharerpc.v1.json");
        await connection.socket.ConnectAsync(new UriBuilder(server) { Scheme = "ws", Path = "/rpc" }.Uri,
            cancellationToken);
        _ = connection.ReceiveAllAsync();
        var request = new JsonObject { ["token"] = token };
        if (writerId is not null) request["writer_id"] = writerId;
        JsonObject redeemed = await connection.CallAsync("redeemShare", request, cancellationToken);
        connection.handle = (long)redeemed["share"]!["handle"]!;
        return connection;
    }

    /// <summary>Calls the share's handle. An error is a <see cref="RefusedException"/>.</summary>
    public Task<JsonObject> AskAsync(string method, JsonObject parameters, CancellationToken cancellationToken) =>
        CallAsync($"$/invokeProxy/{handle.ToString(CultureInfo.InvariantCulture)}/{method}", parameters,
            cancellationToken);

    public void Dispose() => socket.Dispose();

    private async Task<JsonObject> CallAsync(string method, JsonObject parameters, CancellationToken cancellationToken)
    {
        var request =
            new JsonObject { ["jsonrpc"] = "2.0", ["id"] = ++lastId, ["method"] = method, ["params"] = parameters };
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(request);
        await socket.SendAsync(bytes, WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
        while (await received.Reader.WaitToReadAsync(cancellationToken))
        {
            if (!received.Reader.TryRead(out JsonObject? answer) || (int?)answer["id"] != lastId) continue;
            if (answer["error"] is JsonObject error) throw new RefusedException(error["data"]!.AsObject());
            return answer["result"] as JsonObject ?? [];
        }

        throw new WebSocketException("closed");
    }

    private async Task ReceiveAllAsync()
    {
        try
        {
            while (true) received.Writer.TryWrite(JsonNode.Parse(await ReceiveAsync())!.AsObject());
        }
        catch (Exception ended)
        {
            received.Writer.Complete(ended as WebSocketException ?? new WebSocketException("closed", ended));
        }
    }

    private async Task<string> ReceiveAsync()
    {
        using var message = new MemoryStream();
        byte[] buffer = new byte[16 * 1024];
        while (true)
        {
            ValueWebSocketReceiveResult part = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
            if (part.MessageType == WebSocketMessageType.Close) throw new WebSocketException("closed");
            message.Write(buffer, 0, part.Count);
            if (part.EndOfMessage) return Encoding.UTF8.GetString(message.GetBuffer(), 0, (int)message.Length);
        }
    }
}
