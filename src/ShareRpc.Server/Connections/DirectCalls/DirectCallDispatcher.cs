using System.Collections.Concurrent;
using System.Net.WebSockets;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Limits;
using ShareRpc.Server.Access;
using ShareRpc.Server.Connections.Handles;
using ShareRpc.Server.Read;

namespace ShareRpc.Server.Connections.DirectCalls;

/// <summary>
/// Answers <c>appendOps</c> and <c>readOps</c> of this connection's share handles without StreamJsonRpc, which is
/// slower at them: reads them from the message's bytes, counts them in the same ledger, and answers with the same
/// bytes. <see cref="TryTake"/> is the only way in. Calls begin on the reading thread, in the order of their messages;
/// while StreamJsonRpc has a call to begin, every message goes to it, so that calls begin in the order they were sent
/// (SPEC RPC-10). With <see cref="ServerOptions.DirectCalls"/> off there is no dispatcher, and StreamJsonRpc answers
/// everything.
/// </summary>
internal sealed class DirectCallDispatcher : IDisposable
{
    private readonly SessionState session;
    private readonly ShareReads shareReads;
    private readonly int maxWaitMs;
    private readonly CallLedger ledger;
    private readonly RpcErrors errors;
    private readonly ConcurrentDictionary<long, ShareHandle> handles = new(1, 1);
    private readonly PendingReads reads;
    private readonly Action freePlace;
    private RpcLayerWatch rpcLayer = null!;

    public DirectCallDispatcher(
        SessionState session, ShareReads shareReads, ProtocolLimits limits, TimeProvider time, CallLedger ledger, RpcErrors errors)
    {
        this.session = session;
        this.shareReads = shareReads;
        maxWaitMs = limits.WaitMs;
        this.ledger = ledger;
        this.errors = errors;
        reads = new PendingReads(time);
        freePlace = ledger.FreePlace;
    }

    /// <summary>Sends a whole message, telling when it is its turn; set before the first call.</summary>
    public Func<ReadOnlyMemory<byte>, Action?, ValueTask> SendAsync { get; set; } = null!;

    /// <summary>The server is shutting down.</summary>
    public bool IsDraining { get; private set; }

    /// <summary>The connection has gone.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Names the context in which the RPC layer begins its calls; before the first message.</summary>
    public void Follow(SynchronizationContext rpcContext) => rpcLayer = new RpcLayerWatch(rpcContext);

    /// <summary>The RPC layer has taken the message that was not for here, and posted what it asks for.</summary>
    public void NoteTakenByRpcLayer() => rpcLayer.NoteTaken();

    /// <summary>The peer is about to know this handle by this number.</summary>
    public void Add(long number, ShareHandle handle) => handles[number] = handle;

    /// <summary>The peer has released that handle.</summary>
    public void Remove(long number) => handles.TryRemove(number, out _);

    /// <summary>
    /// Begins the call that a message holds, or ends the read that it cancels. Returns false, without side effects,
    /// when the message must go through the RPC layer.
    /// </summary>
    public bool TryTake(ReadOnlySpan<byte> message)
    {
        if (handles.IsEmpty) return false;
        if (rpcLayer.IsBusy || CallParser.Parse(message, Find) is not { } call) return reads.TryCancel(message);
        if (!ledger.TryBegin()) _ = RefuseAsync(call.Id);
        else if (call.Handle.TryBeginCall() is not { } authority) Refuse(call, new ShareRpcException(ErrorCode.MethodNotFound));
        else if (call.Batch is not null) new PendingAppend(this, call).Begin();
        else BeginRead(call, authority);
        return true;
    }

    /// <summary>An authority was taken back: the reads that wait look again.</summary>
    public void WakeReads() => reads.WakeAll();

    public void Drain()
    {
        IsDraining = true;
        reads.WakeAll();
    }

    /// <summary>The connection has gone: reads that wait end.</summary>
    public void Dispose()
    {
        IsClosed = true;
        reads.WakeAll();
        reads.Dispose();
    }

    public void WriteError(ReplyBuffer reply, ParsedCall call, Exception exception) =>
        ReplyWriter.Write(reply, call.Id, errors.Of(exception, call.Batch is null ? "readOps" : "appendOps"));

    /// <summary>Sends a call's reply, and lets go of it.</summary>
    public void Send(ReplyBuffer reply) => _ = SendReplyAsync(reply);

    /// <summary>The read has its reply.</summary>
    public void End(PendingRead read, ReplyBuffer reply)
    {
        if (read.Waits)
        {
            reads.Remove(read);
            session.EndWaitingRead();
        }

        Send(reply);
    }

    private ShareHandle? Find(long number) => handles.GetValueOrDefault(number);

    private void BeginRead(ParsedCall call, Authority authority)
    {
        int waitMs = Math.Min(call.Read!.WaitMs ?? 0, maxWaitMs);
        if (waitMs > 0 && !session.TryBeginWaitingRead())
        {
            call.Handle.EndCall();
            Refuse(call, RpcErrors.TooManyCalls);
            return;
        }

        var read = new PendingRead(this, shareReads, call, authority) { Deadline = waitMs > 0 ? reads.DeadlineIn(waitMs) : null };
        if (read.Waits) reads.Add(read);
        read.Begin();
    }

    private void Refuse(ParsedCall call, ShareRpcException error)
    {
        var reply = new ReplyBuffer();
        ReplyWriter.Write(reply, call.Id, error);
        Send(reply);
    }

    private async Task SendReplyAsync(ReplyBuffer reply)
    {
        ledger.BeginSend(reply);
        await TrySendAsync(reply, freePlace).ConfigureAwait(false);
        ledger.EndSend(reply);
        ledger.NoteAnswered();
        reply.Dispose();
    }

    /// <summary>The call was not made.</summary>
    private async Task RefuseAsync(byte[] id)
    {
        using var reply = new ReplyBuffer();
        ReplyWriter.Write(reply, id, RpcErrors.TooManyCalls);
        ledger.BeginSend(reply);
        await TrySendAsync(reply, onTurn: null).ConfigureAwait(false);
        ledger.EndSend(reply);
    }

    /// <summary>A connection that broke is noticed, and said, by whoever reads it.</summary>
    private async Task TrySendAsync(ReplyBuffer reply, Action? onTurn)
    {
        if (IsClosed) return;
        try
        {
            await SendAsync(reply.Written, onTurn).ConfigureAwait(false);
        }
        catch (Exception exception) when (
            exception is WebSocketException or IOException or OperationCanceledException or InvalidOperationException)
        {
            // Nobody is there to be answered.
        }
    }
}
