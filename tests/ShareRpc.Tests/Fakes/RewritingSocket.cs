using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ShareRpc.Tests.Fakes;

/// <summary>A WebSocket whose messages are rewritten as they arrive, as those of another version of the peer.</summary>
internal sealed class RewritingSocket(WebSocket inner, Action<JsonObject> rewrite) : WebSocket
{
    private const int LargestMessage = 16 * 1024 * 1024;
    private ReadOnlyMemory<byte> left;

    public override WebSocketCloseStatus? CloseStatus => inner.CloseStatus;

    public override string? CloseStatusDescription => inner.CloseStatusDescription;

    public override string? SubProtocol => inner.SubProtocol;

    public override WebSocketState State => inner.State;

    public override async ValueTask<ValueWebSocketReceiveResult> ReceiveAsync(
        Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (left.IsEmpty)
        {
            var message = new byte[LargestMessage];
            int length = 0;
            ValueWebSocketReceiveResult part;
            do
            {
                part = await inner.ReceiveAsync(message.AsMemory(length), cancellationToken);
                length += part.Count;
            }
            while (!part.EndOfMessage);
            if (part.MessageType != WebSocketMessageType.Text) return part;
            JsonObject json = JsonNode.Parse(message.AsSpan(0, length))!.AsObject();
            rewrite(json);
            left = JsonSerializer.SerializeToUtf8Bytes(json);
        }

        int count = Math.Min(left.Length, buffer.Length);
        left[..count].CopyTo(buffer);
        left = left[count..];
        return new ValueWebSocketReceiveResult(count, WebSocketMessageType.Text, left.IsEmpty);
    }

    public override async Task<WebSocketReceiveResult> ReceiveAsync(
        ArraySegment<byte> buffer, CancellationToken cancellationToken)
    {
        ValueWebSocketReceiveResult result = await ReceiveAsync(buffer.AsMemory(), cancellationToken);
        return new WebSocketReceiveResult(result.Count, result.MessageType, result.EndOfMessage);
    }

    public override Task SendAsync(ArraySegment<byte> buffer, WebSocketMessageType messageType, bool endOfMessage,
        CancellationToken cancellationToken) => inner.SendAsync(buffer, messageType, endOfMessage, cancellationToken);

    public override void Abort() => inner.Abort();

    public override Task CloseAsync(WebSocketCloseStatus closeStatus, string? statusDescription,
        CancellationToken cancellationToken) => inner.CloseAsync(closeStatus, statusDescription, cancellationToken);

    public override Task CloseOutputAsync(WebSocketCloseStatus closeStatus, string? statusDescription,
        CancellationToken cancellationToken) =>
        inner.CloseOutputAsync(closeStatus, statusDescription, cancellationToken);

    public override void Dispose() => inner.Dispose();
}
