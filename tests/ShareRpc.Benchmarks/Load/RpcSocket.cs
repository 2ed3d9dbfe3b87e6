using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Rpc;

namespace ShareRpc.Benchmarks.Load;

/// <summary>
/// A light JSON-RPC client: ready-made frames out, bytes in. It shares the machine with the server that it measures, so
/// it does as little as it can. One caller at a time.
/// </summary>
internal sealed class RpcSocket : IAsyncDisposable
{
    private readonly ClientWebSocket socket = new();
    private byte[] received = new byte[4096];
    private int calls;

    private RpcSocket(string? subprotocol)
    {
        if (subprotocol is not null) socket.Options.AddSubProtocol(subprotocol);
        socket.Options.KeepAliveInterval = TimeSpan.Zero;
    }

    /// <summary>Bytes of all messages sent and received.</summary>
    public long Bytes { get; private set; }

    public static Task<RpcSocket> ConnectAsync(Uri server, CancellationToken cancellationToken) =>
        ConnectAsync(server, Subprotocols.Path, Subprotocols.V1Json, cancellationToken);

    public static async Task<RpcSocket> ConnectAsync(
        Uri server, string path, string? subprotocol, CancellationToken cancellationToken)
    {
        var client = new RpcSocket(subprotocol);
        var address = new UriBuilder(server) { Scheme = "ws", Path = path };
        try
        {
            await client.socket.ConnectAsync(address.Uri, cancellationToken);
            return client;
        }
        catch
        {
            client.socket.Dispose();
            throw;
        }
    }

    public ValueTask SendAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellationToken)
    {
        Bytes += frame.Length;
        return socket.SendAsync(frame, WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
    }

    /// <summary>The next message; valid until the next call.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReceiveAsync(CancellationToken cancellationToken)
    {
        int length = 0;
        while (true)
        {
            if (length == received.Length) Array.Resize(ref received, received.Length * 2);
            ValueWebSocketReceiveResult result =
                await socket.ReceiveAsync(received.AsMemory(length), cancellationToken);
            if (result.MessageType == WebSocketMessageType.Close) throw new WebSocketException("closed by the server");
            length += result.Count;
            if (!result.EndOfMessage) continue;
            Bytes += length;
            return received.AsMemory(0, length);
        }
    }

    /// <summary>Sends a ready-made call and receives its answer, which must be a result.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> CallAsync(ReadOnlyMemory<byte> frame,
        CancellationToken cancellationToken)
    {
        await SendAsync(frame, cancellationToken);
        ReadOnlyMemory<byte> answer = await ReceiveAsync(cancellationToken);
        Demand(answer.Span);
        return answer;
    }

    /// <summary>As the other one, but false when the server is too busy.</summary>
    public async ValueTask<bool> TryCallAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellationToken)
    {
        await SendAsync(frame, cancellationToken);
        ReadOnlyMemory<byte> answer = await ReceiveAsync(cancellationToken);
        if (answer.Span.IndexOf("\"code\":\"overloaded\""u8) >= 0) return false;
        Demand(answer.Span);
        return true;
    }

    /// <summary>A call outside the measured loops. The result is a copy.</summary>
    public async Task<JsonElement> CallAsync(string method, string parameters, CancellationToken cancellationToken)
    {
        string id = (++calls).ToString(CultureInfo.InvariantCulture);
        string frame = $$"""{"jsonrpc":"2.0","id":"c{{id}}","method":"{{method}}","params":{{parameters}}}""";
        ReadOnlyMemory<byte> answer = await CallAsync(Encoding.UTF8.GetBytes(frame), cancellationToken);
        using JsonDocument document = JsonDocument.Parse(answer);
        return document.RootElement.GetProperty("result").Clone();
    }

    /// <summary>Redeems a token; the number of the handle, and the whole result.</summary>
    public async Task<(long Handle, JsonElement Result)> RedeemAsync(string parameters,
        CancellationToken cancellationToken)
    {
        JsonElement result = await CallAsync("redeemShare", parameters, cancellationToken);
        return (result.GetProperty("share").GetProperty("handle").GetInt64(), result);
    }

    public void Abort() => socket.Abort();

    public ValueTask DisposeAsync()
    {
        socket.Abort();
        socket.Dispose();
        return ValueTask.CompletedTask;
    }

    private static void Demand(ReadOnlySpan<byte> answer)
    {
        // The result stands right behind the id; an error says so there too.
        ReadOnlySpan<byte> start = answer[..Math.Min(answer.Length, 96)];
        if (start.IndexOf("\"result\""u8) < 0)
            throw new InvalidOperationException("refused: " + Encoding.UTF8.GetString(answer));
    }
}
