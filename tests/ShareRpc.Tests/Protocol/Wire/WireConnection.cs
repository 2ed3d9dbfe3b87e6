using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace ShareRpc.Tests.Protocol.Wire;

/// <summary>
/// A WebSocket and JSON text, nothing else: what the specification promises to any language. Used by one test at a
/// time.
/// </summary>
internal sealed class WireConnection : IDisposable
{
    public const string Subprotocol = "sharerpc.v1.json";
    private readonly WebSocket socket;
    private readonly Dictionary<string, JsonElement> early = [];
    private readonly Queue<JsonElement> pages = [];
    private readonly CancellationToken timeout;
    private int lastId;

    /// <param name="socket">An open socket, which this owns.</param>
    /// <param name="timeout">Ends what waits.</param>
    public WireConnection(WebSocket socket, CancellationToken timeout)
    {
        this.socket = socket;
        this.timeout = timeout;
    }

    /// <summary>What the server selected.</summary>
    public string? Selected => socket.SubProtocol;

    /// <summary>What the server answered of the extensions that it was offered, or null.</summary>
    public string? Extensions { get; private init; }

    /// <summary>
    /// Fails with <see cref="WireRefusedException"/> when the upgrade is answered with another status.
    /// </summary>
    public static async Task<WireConnection> ConnectAsync(
        Uri server, CancellationToken timeout, IReadOnlyList<string>? subprotocols = null, string? origin = null,
        bool offersDeflate = false)
    {
        var socket = new ClientWebSocket();
        ClientWebSocketOptions options = socket.Options;
        options.CollectHttpResponseDetails = true;
        if (offersDeflate) options.DangerousDeflateOptions = new WebSocketDeflateOptions();
        foreach (string subprotocol in subprotocols ?? [Subprotocol]) options.AddSubProtocol(subprotocol);
        if (origin is not null) options.SetRequestHeader("Origin", origin);
        try
        {
            await socket.ConnectAsync(new UriBuilder(server) { Scheme = "ws", Path = "/rpc" }.Uri, timeout);
        }
        catch (WebSocketException) when (socket.HttpStatusCode != 0)
        {
            using (socket) throw new WireRefusedException((int)socket.HttpStatusCode);
        }

        return new WireConnection(socket, timeout)
        {
            Extensions = socket.HttpResponseHeaders!.FirstOrDefault(header =>
                header.Key.Equals("Sec-WebSocket-Extensions", StringComparison.OrdinalIgnoreCase)).Value?.First(),
        };
    }

    public Task SendTextAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text);

    public Task SendAsync(byte[] bytes, WebSocketMessageType type, bool endOfMessage = true) =>
        socket.SendAsync(bytes, type, endOfMessage, timeout);

    /// <summary>Sends a request with an id of its own; the id as JSON text.</summary>
    public async Task<string> RequestAsync(string method, string? parameters)
    {
        string id = (++lastId).ToString(CultureInfo.InvariantCulture);
        string rest = parameters is null ? "" : $",\"params\":{parameters}";
        await SendTextAsync($"{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":{JsonSerializer.Serialize(method)}{rest}}}");
        return id;
    }

    /// <summary>The whole response message.</summary>
    public async Task<JsonElement> CallAsync(string method, string? parameters) =>
        await ReceiveAsync(await RequestAsync(method, parameters));

    /// <summary>The result; an error fails the test.</summary>
    public async Task<JsonElement> ResultAsync(string method, string? parameters)
    {
        JsonElement response = await CallAsync(method, parameters);
        Assert.True(response.TryGetProperty("result", out JsonElement result),
            $"{method} was answered {response.GetRawText()}");
        return result;
    }

    /// <summary>Gets how many pages have come that were not looked at.</summary>
    public int Pages => pages.Count;

    /// <summary>The response to an id; those to others are kept for their turn.</summary>
    public async Task<JsonElement> ReceiveAsync(string id)
    {
        while (true)
        {
            if (early.Remove(id, out JsonElement known)) return known;
            await ReceiveMessageAsync();
        }
    }

    /// <summary>The <c>params</c> of the next notification <c>page</c>.</summary>
    public async Task<JsonElement> ReceivePageAsync()
    {
        while (pages.Count == 0) await ReceiveMessageAsync();
        return pages.Dequeue();
    }

    /// <summary>Says that nothing more is sent, and does not wait for the answer.</summary>
    public Task SendCloseAsync() => socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, timeout);

    /// <summary>The code that the server closed with, after whatever it sent before.</summary>
    public async Task<int?> ReceiveCloseAsync()
    {
        while (await ReceiveTextAsync() is not null) continue;
        return (int?)socket.CloseStatus;
    }

    public void Dispose() => socket.Dispose();

    private async Task ReceiveMessageAsync()
    {
        string text = await ReceiveTextAsync()
            ?? throw new WebSocketException($"The server closed with {(int?)socket.CloseStatus}.");
        using JsonDocument message = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 256 });
        JsonElement answer = message.RootElement.Clone();
        if (answer.TryGetProperty("id", out JsonElement answered)) early[answered.GetRawText()] = answer;
        else if (answer.GetProperty("method").GetString() == "page") pages.Enqueue(answer.GetProperty("params"));
    }

    private async Task<string?> ReceiveTextAsync()
    {
        using var message = new MemoryStream();
        byte[] buffer = new byte[16 * 1024];
        while (true)
        {
            ValueWebSocketReceiveResult part = await socket.ReceiveAsync(buffer.AsMemory(), timeout);
            if (part.MessageType == WebSocketMessageType.Close) return null;
            message.Write(buffer, 0, part.Count);
            if (part.EndOfMessage) return Encoding.UTF8.GetString(message.GetBuffer(), 0, (int)message.Length);
        }
    }
}
