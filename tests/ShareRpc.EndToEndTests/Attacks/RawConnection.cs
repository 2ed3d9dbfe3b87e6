using System.Collections.Concurrent;
using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace ShareRpc.EndToEndTests.Attacks;

/// <summary>A WebSocket and JSON text, with any number of calls under way. Nothing is sent twice.</summary>
internal sealed class RawConnection : IDisposable
{
    private readonly ClientWebSocket socket = new();
    private readonly SemaphoreSlim sending = new(1);
    private readonly ConcurrentDictionary<long, TaskCompletionSource<JsonElement>> calls = new();
    private long lastId;

    public static async Task<RawConnection> OpenAsync(Uri server, CancellationToken cancellationToken)
    {
        var connection = new RawConnection();
        connection.socket.Options.AddSubProtocol("sharerpc.v1.json");
        await connection.socket.ConnectAsync(new UriBuilder(server) { Scheme = "ws", Path = "/rpc" }.Uri,
            cancellationToken);
        _ = connection.ReceiveAsync(cancellationToken);
        return connection;
    }

    /// <summary>The number of the handle that a token redeems.</summary>
    public async Task<long> RedeemAsync(string method, string member, string token, CancellationToken cancellationToken)
    {
        JsonElement answer = await CallAsync(method, $$"""{"token":"{{token}}"}""", cancellationToken);
        return answer.GetProperty("result").GetProperty(member).GetProperty("handle").GetInt64();
    }

    public Task<JsonElement> CallAsync(long handle, string method, string parameters,
        CancellationToken cancellationToken) =>
        CallAsync(string.Create(CultureInfo.InvariantCulture, $"$/invokeProxy/{handle}/{method}"), parameters,
            cancellationToken);

    /// <summary>
    /// The whole answer, result or error; a connection that breaks is a <see cref="WebSocketException"/>.
    /// </summary>
    public async Task<JsonElement> CallAsync(string method, string parameters, CancellationToken cancellationToken)
    {
        long id = Interlocked.Increment(ref lastId);
        var answer = new TaskCompletionSource<JsonElement>(TaskCreationOptions.RunContinuationsAsynchronously);
        calls[id] = answer;
        byte[] message = Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"jsonrpc":"2.0","id":{{id}},"method":"{{method}}","params":{{parameters}} }"""));
        await sending.WaitAsync(cancellationToken);
        try
        {
            await socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
        }
        finally
        {
            sending.Release();
        }

        return await answer.Task.WaitAsync(cancellationToken);
    }

    public void Dispose()
    {
        socket.Dispose();
        sending.Dispose();
    }

    private async Task ReceiveAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var message = new MemoryStream();
            byte[] buffer = new byte[32 * 1024];
            while (true)
            {
                ValueWebSocketReceiveResult part = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
                if (part.MessageType == WebSocketMessageType.Close) throw new WebSocketException("closed");
                message.Write(buffer, 0, part.Count);
                if (!part.EndOfMessage) continue;
                using JsonDocument json = JsonDocument.Parse(message.GetBuffer().AsMemory(0, (int)message.Length));
                message.SetLength(0);
                if (json.RootElement.TryGetProperty("id", out JsonElement id)
                    && calls.TryRemove(id.GetInt64(), out var call))
                {
                    call.TrySetResult(json.RootElement.Clone());
                }
            }
        }
        catch (Exception broken) when (
            broken is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            foreach (TaskCompletionSource<JsonElement> call in calls.Values)
                call.TrySetException(new WebSocketException("closed"));
        }
    }
}
