using System.Buffers;
using System.Net.WebSockets;
using System.Text.Json;

namespace ShareRpc.Server.Rpc;

/// <summary>
/// Stands between the guarded socket and the RPC layer: takes whole messages in, lets <see cref="HotCalls"/> answer those that it can, and
/// hands the RPC layer the others. Sends of both go out one message at a time.
/// </summary>
internal sealed class HotCallSocket : WebSocket
{
    private const int FirstBytes = 4_096;

    private readonly WebSocket inner;
    private readonly HotCalls calls;
    private readonly SemaphoreSlim sendTurn = new(1);
    private byte[] message = [];
    private int length;
    private int handedOn;
    private bool isForRpcLayer;
    private bool isInSend;
    private ShareHandle? announced;

    public HotCallSocket(WebSocket inner, HotCalls calls)
    {
        this.inner = inner;
        this.calls = calls;
        calls.SendAsync = SendMessageAsync;
    }

    /// <summary>
    /// While the RPC layer has a call to begin, every message goes the same way, so that calls begin in the order they were sent (SPEC
    /// RPC-10). Set before the first read.
    /// </summary>
    public RpcLayerWatch RpcLayer { get; set; } = null!;

    public override WebSocketCloseStatus? CloseStatus => inner.CloseStatus;

    public override string? CloseStatusDescription => inner.CloseStatusDescription;

    public override WebSocketState State => inner.State;

    public override string? SubProtocol => inner.SubProtocol;

    /// <summary>The next message that is sent tells the peer the number of this handle.</summary>
    public void Announce(ShareHandle handle) => announced = handle;

    public override async ValueTask<ValueWebSocketReceiveResult> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (isForRpcLayer && handedOn == length)
        {
            isForRpcLayer = false;
            RpcLayer.NoteTaken();
        }

        while (!isForRpcLayer)
        {
            WebSocketMessageType type = await ReceiveMessageAsync(cancellationToken).ConfigureAwait(false);
            if (type == WebSocketMessageType.Close) return new ValueWebSocketReceiveResult(0, type, endOfMessage: true);
            isForRpcLayer = !(RpcLayer.IsBusy ? calls.TryCancel(message.AsSpan(0, length)) : calls.TryBegin(message.AsSpan(0, length)));
            if (!isForRpcLayer) Release();
        }

        int count = Math.Min(buffer.Length, length - handedOn);
        message.AsSpan(handedOn, count).CopyTo(buffer.Span);
        handedOn += count;
        bool isWhole = handedOn == length;
        if (isWhole) Release();
        return new ValueWebSocketReceiveResult(count, WebSocketMessageType.Text, isWhole);
    }

    public override async Task<WebSocketReceiveResult> ReceiveAsync(ArraySegment<byte> buffer, CancellationToken cancellationToken)
    {
        ValueWebSocketReceiveResult result = await ReceiveAsync(buffer.AsMemory(), cancellationToken).ConfigureAwait(false);
        return new WebSocketReceiveResult(result.Count, result.MessageType, result.EndOfMessage);
    }

    public override Task SendAsync(
        ArraySegment<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken) =>
        SendAsync(buffer.AsMemory(), messageType, endOfMessage, cancellationToken).AsTask();

    /// <summary>Of the RPC layer: the pieces of one message, then those of the next.</summary>
    public override async ValueTask SendAsync(
        ReadOnlyMemory<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken)
    {
        if (!isInSend)
        {
            await sendTurn.WaitAsync(cancellationToken).ConfigureAwait(false);
            isInSend = true;
            if (announced is { } handle) Introduce(handle, buffer.Span);
            announced = null;
        }

        bool isOver = true;
        try
        {
            await inner.SendAsync(buffer, messageType, endOfMessage, cancellationToken).ConfigureAwait(false);
            isOver = endOfMessage;
        }
        finally
        {
            if (isOver)
            {
                isInSend = false;
                sendTurn.Release();
            }
        }
    }

    public override Task CloseAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) =>
        inner.CloseAsync(closeStatus, statusDescription, cancellationToken);

    public override Task CloseOutputAsync(
        WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) =>
        inner.CloseOutputAsync(closeStatus, statusDescription, cancellationToken);

    public override void Abort() => inner.Abort();

    public override void Dispose()
    {
        calls.Dispose();
        inner.Dispose();
    }

    private async ValueTask SendMessageAsync(ReadOnlyMemory<byte> bytes, Action? onTurn)
    {
        await sendTurn.WaitAsync().ConfigureAwait(false);
        try
        {
            onTurn?.Invoke();
            await inner.SendAsync(bytes, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            sendTurn.Release();
        }
    }

    /// <summary>A whole message, or the close. An idle connection holds no buffer.</summary>
    private async ValueTask<WebSocketMessageType> ReceiveMessageAsync(CancellationToken cancellationToken)
    {
        ValueWebSocketReceiveResult result = await inner.ReceiveAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);
        while (result.MessageType != WebSocketMessageType.Close && !result.EndOfMessage)
        {
            if (length == message.Length) Grow();
            result = await inner.ReceiveAsync(message.AsMemory(length), cancellationToken).ConfigureAwait(false);
            length += result.Count;
        }

        return result.MessageType;
    }

    private void Grow()
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(FirstBytes, message.Length * 2));
        message.AsSpan(0, length).CopyTo(larger);
        if (message.Length > 0) ArrayPool<byte>.Shared.Return(message);
        message = larger;
    }

    private void Release()
    {
        if (message.Length > 0) ArrayPool<byte>.Shared.Return(message);
        (message, length, handedOn) = ([], 0, 0);
    }

    /// <summary>
    /// Reads the handle's number from the result that is about to leave: <c>{..., "result": {"share": {"__jsonrpc_marshaled": 1,
    /// "handle": N</c>. A number that is not in the first piece stays unknown here, and its calls are the RPC layer's.
    /// </summary>
    private void Introduce(ShareHandle handle, ReadOnlySpan<byte> start)
    {
        try
        {
            var reader = new Utf8JsonReader(start, isFinalBlock: false, state: default);
            while (reader.Read())
            {
                bool isMember = reader.CurrentDepth == 3 && reader.TokenType == JsonTokenType.PropertyName;
                if (!isMember || !reader.ValueTextEquals("handle"u8)) continue;
                if (reader.Read() && reader.TryGetInt64(out long number)) calls.Add(number, handle);
                return;
            }
        }
        catch (JsonException)
        {
            // What leaves is JSON.
        }
    }
}
