using System.Net.WebSockets;
using ShareRpc.Server.Connections.DirectCalls;
using ShareRpc.Server.Memory;

namespace ShareRpc.Server.Connections;

/// <summary>Reads messages for <see cref="DirectCallDispatcher"/>, else the RPC layer; writes one at a time.</summary>
internal sealed class MessageSocket : IDisposable
{
    private const int FragmentBytes = 64 * 1024;
    private const WebSocketCloseStatus TryAgainLater = (WebSocketCloseStatus)1013;

    private readonly GuardedWebSocket socket;
    private readonly DirectCallDispatcher? calls;
    private readonly UnsentMemory unsent;
    private readonly ReceivedBytes message;
    private readonly SemaphoreSlim sendTurn = new(1);
    private bool wasForRpcLayer;
    private bool isKept;

    /// <param name="socket">The connection.</param>
    /// <param name="calls">What takes messages first.</param>
    /// <param name="subscriptions">What sends pages by itself.</param>
    /// <param name="open">Opens an account for one message.</param>
    /// <param name="unsent">What the replies count against.</param>
    /// <param name="frameBytes">The longest message.</param>
    public MessageSocket(GuardedWebSocket socket, DirectCallDispatcher? calls, Subscriptions? subscriptions,
        Func<MemoryAccount> open, UnsentMemory unsent, int frameBytes)
    {
        (this.socket, this.calls, this.unsent) = (socket, calls, unsent);
        message = new ReceivedBytes(
            () =>
            {
                MemoryAccount account = open();
                account.BeginReceiving();
                return account;
            },
            frameBytes, ReceivedBytes.FirstBytes);
        Func<ReadOnlyMemory<byte>, Action?, ValueTask> send =
            (bytes, onTurn) => SendAsync(bytes, onTurn, CancellationToken.None);
        if (subscriptions is not null) subscriptions.SendAsync = send;
        if (calls is not null) calls.SendAsync = send;
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

        try
        {
            while (await ReceiveNextAsync(cancellationToken).ConfigureAwait(false))
            {
                ReadOnlyMemory<byte> bytes = message.Written;
                wasForRpcLayer = calls?.TryTake(bytes.Span) != true;
                if (wasForRpcLayer) return bytes;
                GiveBack();
            }

            return default;
        }
        finally
        {
            calls?.CommitDeferred(here: false);
        }
    }

    /// <summary>Returns what a large message counts against; the caller disposes it when its call has ended.</summary>
    public MemoryAccount? KeepAccount()
    {
        isKept = message.Account is not null;
        return message.Account;
    }

    /// <summary>Frees the last message's buffer; idle connections hold none.</summary>
    public void GiveBack()
    {
        MemoryAccount? account = message.GiveBack(kept: isKept ? message.Written.Length : 0);
        if (!isKept) account?.Dispose();
        isKept = false;
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
            ValueTask sending = SendWholeAsync(bytes, cancellationToken);
            if (sending.IsCompletedSuccessfully) return;
            unsent.BeginSend();
            await sending.ConfigureAwait(false);
        }
        finally
        {
            unsent.EndSend();
            sendTurn.Release();
        }
    }

    public void Dispose()
    {
        GiveBack();
        socket.Dispose();
    }

    /// <summary>Has the last batch committed on this thread, if there is no message to be read meanwhile.</summary>
    private ValueTask<bool> ReceiveNextAsync(CancellationToken cancellationToken)
    {
        ValueTask<bool> receiving = ReceiveMessageAsync(cancellationToken);
        if (!receiving.IsCompleted) calls?.CommitDeferred(here: true);
        return receiving;
    }

    private async ValueTask<bool> ReceiveMessageAsync(CancellationToken cancellationToken)
    {
        ValueWebSocketReceiveResult result =
            await socket.ReceiveAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);
        while (result.MessageType != WebSocketMessageType.Close && !result.EndOfMessage)
        {
            if (message.Free.IsEmpty && !await message.GrowAsync(cancellationToken).ConfigureAwait(false))
                await RefuseAsync().ConfigureAwait(false);
            result = await socket.ReceiveAsync(message.Free, cancellationToken).ConfigureAwait(false);
            message.Advance(result.Count);
        }

        message.Account?.EndReceiving();
        if (!await message.CountCopyAsync(cancellationToken).ConfigureAwait(false))
            await RefuseAsync().ConfigureAwait(false);
        return result.MessageType != WebSocketMessageType.Close;
    }

    /// <summary>There was no memory in time: what is held is given back, and the peer comes again.</summary>
    private Task RefuseAsync()
    {
        GiveBack();
        return socket.RefuseAsync(TryAgainLater, "memory");
    }

    /// <summary>
    /// Sends a long message in fragments: the layers below copy what they are given, and each shows that the peer takes
    /// what it asked for.
    /// </summary>
    private async ValueTask SendWholeAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (bytes.Length > FragmentBytes)
        {
            await socket.SendAsync(bytes[..FragmentBytes], WebSocketMessageType.Text, endOfMessage: false,
                cancellationToken).ConfigureAwait(false);
            unsent.NoteSent(FragmentBytes);
            bytes = bytes[FragmentBytes..];
            if (cancellationToken.IsCancellationRequested) socket.Abort(); // nothing may follow half a message
        }

        await socket.SendAsync(bytes, WebSocketMessageType.Text, endOfMessage: true,
            cancellationToken).ConfigureAwait(false);
        unsent.NoteSent(bytes.Length);
    }
}
