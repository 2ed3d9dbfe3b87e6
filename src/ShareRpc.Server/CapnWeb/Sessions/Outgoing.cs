using System.Net.WebSockets;
using ShareRpc.Server.Connections.DirectCalls;
using ShareRpc.Server.Connections.Handles;
using ShareRpc.Server.Memory;

namespace ShareRpc.Server.CapnWeb.Sessions;

/// <summary>The messages that leave, in their order, counted until they have left. Any thread.</summary>
/// <param name="send">Sends one; never two at once.</param>
/// <param name="unsent">What they count against.</param>
/// <param name="ledger">Is told of each, so that a revocation can wait for it (I7).</param>
internal sealed class Outgoing(Func<ReadOnlyMemory<byte>, ValueTask> send, UnsentMemory unsent, CallLedger ledger)
{
    /// <summary>So many unsent messages, and the session takes no others.</summary>
    private const int Many = 256;

    private readonly Lock gate = new();
    private readonly Queue<ReplyBuffer> waiting = new();
    private TaskCompletionSource? room;
    private bool isSending;
    private bool isClosed;

    /// <summary>Takes over a message.</summary>
    public void Add(ReplyBuffer message)
    {
        message.Count(unsent);
        lock (gate)
        {
            if (isClosed)
            {
                message.Dispose();
                return;
            }

            ledger.TryBegin();
            ledger.BeginSend(message);
            waiting.Enqueue(message);
            if (isSending) return;
            isSending = true;
        }

        _ = SendAllAsync();
    }

    /// <summary>Waits until the peer has taken enough of them.</summary>
    public Task WhenRoomAsync()
    {
        lock (gate)
        {
            if (waiting.Count < Many || isClosed) return Task.CompletedTask;
            return (room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>Drops what has not been begun.</summary>
    public void Close()
    {
        lock (gate) isClosed = true;
        while (TakeNext() is { } message) End(message);
    }

    private async Task SendAllAsync()
    {
        while (TakeNext() is { } message)
        {
            try
            {
                await send(message.Written).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is WebSocketException or IOException
                or OperationCanceledException or InvalidOperationException)
            {
                lock (gate) isClosed = true;
            }

            End(message);
        }
    }

    private ReplyBuffer? TakeNext()
    {
        lock (gate)
        {
            if (waiting.TryDequeue(out ReplyBuffer? message))
            {
                if (waiting.Count >= Many && !isClosed) return message;
                room?.TrySetResult();
                room = null;
                return message;
            }

            isSending = false;
            return null;
        }
    }

    private void End(ReplyBuffer message)
    {
        ledger.EndSend(message);
        ledger.FreePlace();
        ledger.NoteAnswered();
        message.Dispose();
    }
}
