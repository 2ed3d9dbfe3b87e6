using System.Net.WebSockets;

namespace ShareRpc.Server.Connections;

/// <summary>
/// Limits message size and rate, since the RPC layer buffers without bound; allows only text; drops empty messages,
/// which read as end of stream.
/// </summary>
internal sealed class GuardedWebSocket(
    WebSocket inner, int maxFrameBytes, ServerLimits limits, TimeProvider time, Action<string> noteRefused)
    : WebSocket
{
    private readonly double paceBytes = limits.FrameRate * limits.FrameGrace.TotalSeconds;
    private long messageBytes;

    /// <summary>
    /// What has come since the grace time began anew, and how long the client was waited for ([WS-10]).
    /// </summary>
    private long sinceBytes;
    private TimeSpan sinceWaited;
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
            if (messageBytes > maxFrameBytes)
                await RefuseAsync(WebSocketCloseStatus.MessageTooBig, "frame_bytes").ConfigureAwait(false);
            sinceBytes += result.Count;
            if (!isInMessage || sinceBytes >= paceBytes) (sinceBytes, sinceWaited) = (0, TimeSpan.Zero);
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

    /// <summary>After a grace time, closes senders slower than the limit, since they hold memory.</summary>
    private ValueTask<ValueWebSocketReceiveResult> ReceiveInPaceAsync(Memory<byte> buffer,
        CancellationToken cancellationToken)
    {
        ValueTask<ValueWebSocketReceiveResult> receive = inner.ReceiveAsync(buffer, cancellationToken);
        return receive.IsCompleted ? receive : WaitInPaceAsync(receive.AsTask(), cancellationToken);
    }

    private async ValueTask<ValueWebSocketReceiveResult> WaitInPaceAsync(
        Task<ValueWebSocketReceiveResult> receive, CancellationToken cancellationToken)
    {
        TimeSpan left = limits.FrameGrace - sinceWaited;
        long began = time.GetTimestamp();
        try
        {
            ValueWebSocketReceiveResult result = await receive
                .WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, time, cancellationToken).ConfigureAwait(false);
            sinceWaited += time.GetElapsedTime(began);
            return result;
        }
        catch (TimeoutException)
        {
            noteRefused("frame_rate");
            inner.Abort();
            throw new WebSocketException(WebSocketError.Faulted, "frame_rate");
        }
    }

    private async Task RefuseAsync(WebSocketCloseStatus status, string rule)
    {
        noteRefused(rule);
        await inner.CloseOutputAsync(status, rule, CancellationToken.None).ConfigureAwait(false);
        throw new WebSocketException(WebSocketError.Faulted, rule);
    }
}
