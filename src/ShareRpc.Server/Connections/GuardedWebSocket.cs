using System.Net.WebSockets;
using ShareRpc.Server.Memory;

namespace ShareRpc.Server.Connections;

/// <summary>
/// Limits message size and rate, since the RPC layer buffers without bound; allows only text; drops empty messages,
/// which read as end of stream.
/// </summary>
internal sealed class GuardedWebSocket(
    WebSocket inner, Func<int> mostBytes, ServerLimits limits, TimeProvider time, Action<string> noteRefused)
    : WebSocket
{
    private readonly Pace pace = new(limits.FrameRate, limits.FrameGrace, time);
    private long messageBytes;
    private bool isInMessage;

    public override WebSocketCloseStatus? CloseStatus => inner.CloseStatus;

    public override string? CloseStatusDescription => inner.CloseStatusDescription;

    public override WebSocketState State => inner.State;

    public override string? SubProtocol => inner.SubProtocol;

    public override async ValueTask<ValueWebSocketReceiveResult> ReceiveAsync(Memory<byte> buffer,
        CancellationToken cancellationToken)
    {
        while (true)
        {
            ValueWebSocketReceiveResult result = isInMessage
                ? await ReceiveInPaceAsync(buffer, cancellationToken).ConfigureAwait(false)
                : await inner.ReceiveAsync(buffer, cancellationToken).ConfigureAwait(false);
            if (result.MessageType == WebSocketMessageType.Close) return result;
            if (result.MessageType == WebSocketMessageType.Binary)
            {
                await RefuseAsync(WebSocketCloseStatus.InvalidMessageType, "text frames only").ConfigureAwait(false);
            }

            messageBytes += result.Count;
            if (messageBytes > mostBytes())
                await RefuseAsync(WebSocketCloseStatus.MessageTooBig, "frame_bytes").ConfigureAwait(false);
            if (isInMessage) pace.Note(result.Count);
            else pace.Begin();
            isInMessage = !result.EndOfMessage;
            if (isInMessage) return result;
            bool isEmpty = messageBytes == 0;
            messageBytes = 0;
            if (!isEmpty) return result;
        }
    }

    public override async Task<WebSocketReceiveResult> ReceiveAsync(ArraySegment<byte> buffer,
        CancellationToken cancellationToken)
    {
        ValueWebSocketReceiveResult result =
            await ReceiveAsync(buffer.AsMemory(), cancellationToken).ConfigureAwait(false);
        return new WebSocketReceiveResult(result.Count, result.MessageType, result.EndOfMessage);
    }

    public override Task SendAsync(
        ArraySegment<byte> buffer, WebSocketMessageType messageType, bool endOfMessage,
        CancellationToken cancellationToken) =>
        inner.SendAsync(buffer, messageType, endOfMessage, cancellationToken);

    public override ValueTask SendAsync(
        ReadOnlyMemory<byte> buffer, WebSocketMessageType messageType, bool endOfMessage,
        CancellationToken cancellationToken) =>
        inner.SendAsync(buffer, messageType, endOfMessage, cancellationToken);

    public override Task CloseAsync(WebSocketCloseStatus closeStatus, string? statusDescription,
        CancellationToken cancellationToken) =>
        inner.CloseAsync(closeStatus, statusDescription, cancellationToken);

    public override Task CloseOutputAsync(
        WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) =>
        inner.CloseOutputAsync(closeStatus, statusDescription, cancellationToken);

    public override void Abort() => inner.Abort();

    public override void Dispose() => inner.Dispose();

    /// <summary>Closes the connection for a rule that the peer breaks, or for want of memory; always throws.</summary>
    public async Task RefuseAsync(WebSocketCloseStatus status, string rule)
    {
        noteRefused(rule);
        using (var patience = new CancellationTokenSource(limits.CloseTime, TimeProvider.System))
        {
            await inner.CloseOutputAsync(status, rule, patience.Token).ConfigureAwait(false);
        }

        throw new WebSocketException(WebSocketError.Faulted, rule);
    }

    /// <summary>Receives more of a message that has begun; cuts off whoever sends it too slowly ([WS-10]).</summary>
    private async ValueTask<ValueWebSocketReceiveResult> ReceiveInPaceAsync(Memory<byte> buffer,
        CancellationToken cancellationToken)
    {
        try
        {
            return await pace.WaitAsync(inner.ReceiveAsync(buffer, cancellationToken),
                cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            noteRefused("frame_rate");
            inner.Abort();
            throw new WebSocketException(WebSocketError.Faulted, "frame_rate");
        }
    }
}
