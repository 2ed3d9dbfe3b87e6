using System.Buffers;
using System.Net.WebSockets;
using ShareRpc.Server.Connections.DirectCalls;

namespace ShareRpc.Server.Connections;

/// <summary>Reads messages for <see cref="DirectCallDispatcher"/>, else the RPC layer; writes one at a time.</summary>
internal sealed class MessageSocket : IDisposable
{
    private const int FirstBytes = 4_096;

    private readonly WebSocket socket;
    private readonly DirectCallDispatcher? calls;
    private readonly SemaphoreSlim sendTurn = new(1);
    private byte[] message = [];
    private int length;
    private bool wasForRpcLayer;

    public MessageSocket(WebSocket socket, DirectCallDispatcher? calls)
    {
        this.socket = socket;
        this.calls = calls;
        if (calls is not null) calls.SendAsync = (bytes, onTurn) => SendAsync(bytes, onTurn, CancellationToken.None);
    }

    /// <summary>
    /// Returns the next message for the RPC layer; empty on close. Valid until given back, before the next read.
    /// </summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReceiveAsync(CancellationToken cancellationToken)
    {
        if (wasForRpcLayer)
        {
            wasForRpcLayer = false;
            calls?.NoteTakenByRpcLayer();
        }

        while (await ReceiveMessageAsync(cancellationToken).ConfigureAwait(false))
        {
            ReadOnlyMemory<byte> received = message.AsMemory(0, length);
            wasForRpcLayer = calls?.TryTake(received.Span) != true;
            if (wasForRpcLayer) return received;
            GiveBack();
        }

        return default;
    }

    /// <summary>Frees the last message's buffer; idle connections hold none.</summary>
    public void GiveBack()
    {
        if (message.Length > 0) ArrayPool<byte>.Shared.Return(message);
        (message, length) = ([], 0);
    }

    /// <param name="bytes">A whole message.</param>
    /// <param name="onTurn">Called when it is its turn, before its first byte.</param>
    /// <param name="cancellationToken">Gives up waiting for its turn, or the connection.</param>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, Action? onTurn, CancellationToken cancellationToken)
    {
        await sendTurn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            onTurn?.Invoke();
            await socket.SendAsync(bytes, WebSocketMessageType.Text, endOfMessage: true,
                cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            sendTurn.Release();
        }
    }

    public void Dispose() => socket.Dispose();

    private async ValueTask<bool> ReceiveMessageAsync(CancellationToken cancellationToken)
    {
        ValueWebSocketReceiveResult result =
            await socket.ReceiveAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);
        while (result.MessageType != WebSocketMessageType.Close && !result.EndOfMessage)
        {
            if (length == message.Length) Grow();
            result = await socket.ReceiveAsync(message.AsMemory(length), cancellationToken).ConfigureAwait(false);
            length += result.Count;
        }

        return result.MessageType != WebSocketMessageType.Close;
    }

    private void Grow()
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(FirstBytes, message.Length * 2));
        message.AsSpan(0, length).CopyTo(larger);
        if (message.Length > 0) ArrayPool<byte>.Shared.Return(message);
        message = larger;
    }
}
