using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace ShareRpc.Tests.Server.CapnWeb;

/// <summary>A WebSocket that speaks Cap'n Web in plain text.</summary>
internal sealed class CapWire : IDisposable
{
    private readonly ClientWebSocket socket = new();
    private readonly byte[] buffer = new byte[1024 * 1024];
    private readonly CancellationToken timeout;
    private int lastId;

    private CapWire(CancellationToken timeout)
    {
        this.timeout = timeout;
    }

    public static async Task<CapWire> ConnectAsync(LiveServer live, string path = "/capnweb", string? key = null)
    {
        var wire = new CapWire(live.Timeout);
        if (key is not null) wire.socket.Options.SetRequestHeader("x-opencode-share-key", key);
        await wire.socket.ConnectAsync(new UriBuilder(live.Server.Address) { Scheme = "ws", Path = path }.Uri,
            live.Timeout);
        return wire;
    }

    public Task SendAsync(string message) =>
        socket.SendAsync(Encoding.UTF8.GetBytes(message), WebSocketMessageType.Text, true, timeout);

    /// <summary>Pushes an expression; the id of its result.</summary>
    public async Task<int> PushAsync(string expression)
    {
        await SendAsync($"[\"push\",{expression}]");
        return ++lastId;
    }

    /// <summary>Calls a method of an object or result; the id of the result.</summary>
    public Task<int> CallAsync(long subject, string path, string arguments = "") =>
        PushAsync($"[\"pipeline\",{subject},[{Quoted(path)}],[{arguments}]]");

    /// <summary>Pulls a result; the answer.</summary>
    public async Task<JsonElement> PullAsync(int id)
    {
        await SendAsync($"[\"pull\",{id}]");
        while (true)
        {
            JsonElement message = await ReceiveAsync();
            bool isAnswer = message[0].GetString() is "resolve" or "reject" && message[1].GetInt64() == id;
            if (isAnswer || message[0].GetString() == "abort") return message;
        }
    }

    /// <summary>The value of an answer; fails for a rejection.</summary>
    public async Task<JsonElement> ValueAsync(int id)
    {
        JsonElement answer = await PullAsync(id);
        Assert.True(answer[0].GetString() == "resolve", answer.GetRawText());
        return answer[2];
    }

    /// <summary>The code of a rejection.</summary>
    public async Task<string?> CodeAsync(int id)
    {
        JsonElement answer = await PullAsync(id);
        Assert.True(answer[0].GetString() == "reject", answer.GetRawText());
        return answer[2].GetArrayLength() > 4 ? answer[2][4].GetProperty("code").GetString() : null;
    }

    /// <summary>The next message.</summary>
    public async Task<JsonElement> ReceiveAsync() => JsonDocument.Parse(
        await ReceiveTextAsync() ?? throw new WebSocketException($"closed with {socket.CloseStatus}"),
        new JsonDocumentOptions { MaxDepth = 256 }).RootElement;

    /// <summary>The next message as text; null once the server has closed.</summary>
    public async Task<string?> ReceiveTextAsync()
    {
        int length = 0;
        while (true)
        {
            ValueWebSocketReceiveResult part = await socket.ReceiveAsync(buffer.AsMemory(length), timeout);
            if (part.MessageType == WebSocketMessageType.Close) return null;
            length += part.Count;
            if (part.EndOfMessage) return Encoding.UTF8.GetString(buffer, 0, length);
        }
    }

    /// <summary>The rule that the server aborted for, and the code it closed with.</summary>
    public async Task<(string? Rule, int? Code)> ReceiveEndAsync()
    {
        string? rule = null;
        while (await ReceiveTextAsync() is { } text)
        {
            using JsonDocument message = JsonDocument.Parse(text);
            if (message.RootElement[0].GetString() == "abort") rule = message.RootElement[1][2].GetString();
        }

        return (rule, (int?)socket.CloseStatus);
    }

    /// <summary>Gets the code that the server closed with.</summary>
    public int? CloseCode => (int?)socket.CloseStatus;

    public void Dispose() => socket.Dispose();

    private static string Quoted(string path) => string.Join(',', path.Split('.').Select(name => $"\"{name}\""));
}
