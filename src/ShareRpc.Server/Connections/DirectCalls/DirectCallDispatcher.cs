using System.Collections.Concurrent;
using System.Net.WebSockets;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Limits;
using ShareRpc.Server.Access;
using ShareRpc.Server.Append;
using ShareRpc.Server.Connections.Handles;
using ShareRpc.Server.Memory;
using ShareRpc.Server.Read;

namespace ShareRpc.Server.Connections.DirectCalls;

/// <summary>
/// Answers <c>appendOps</c> and <c>readOps</c> faster than StreamJsonRpc, with the same bytes. Calls begin on the
/// reading thread in message order; while StreamJsonRpc has a call to begin, all messages go to it (SPEC RPC-10).
/// Absent if <see cref="ServerOptions.DirectCalls"/> is off.
/// </summary>
internal sealed class DirectCallDispatcher : IDisposable
{
    private readonly SessionState session;
    private readonly ShareReads shareReads;
    private readonly int maxWaitMs;
    private readonly CallLedger ledger;
    private readonly RpcErrors errors;
    private readonly UnsentMemory unsent;
    private readonly ConcurrentDictionary<long, ShareHandle> handles = new(1, 1);
    private readonly PendingReads reads;
    private readonly Action freePlace;
    private RpcLayerWatch rpcLayer = null!;
    private ShareLog? deferred;

    public DirectCallDispatcher(
        SessionState session, ShareReads shareReads, ProtocolLimits limits, TimeProvider time, CallLedger ledger,
        RpcErrors errors, UnsentMemory unsent)
    {
        this.session = session;
        this.shareReads = shareReads;
        maxWaitMs = limits.WaitMs;
        this.ledger = ledger;
        this.errors = errors;
        this.unsent = unsent;
        reads = new PendingReads(time);
        freePlace = ledger.FreePlace;
    }

    /// <summary>Sends a whole message and calls back on its turn; set before the first call.</summary>
    public Func<ReadOnlyMemory<byte>, Action?, ValueTask> SendAsync { get; set; } = null!;

    /// <summary>
    /// Gets whose page is read and sent; the next one is read when it has left, so that a peer that does not read holds
    /// one at most.
    /// </summary>
    public SemaphoreSlim PageTurn { get; } = new(1);

    public bool IsDraining { get; private set; }

    public bool IsClosed { get; private set; }

    /// <summary>Sets the RPC layer's context; call before the first message.</summary>
    public void Follow(SynchronizationContext rpcContext) => rpcLayer = new RpcLayerWatch(rpcContext);

    public void NoteTakenByRpcLayer() => rpcLayer.NoteTaken();

    public void Add(long number, ShareHandle handle) => handles[number] = handle;

    public void Remove(long number) => handles.TryRemove(number, out _);

    /// <summary>
    /// Begins a call or cancels a read. Returns false, without side effects, for messages of the RPC layer.
    /// </summary>
    public bool TryTake(ReadOnlySpan<byte> message)
    {
        if (handles.IsEmpty) return false;
        if (rpcLayer.IsBusy || CallParser.Parse(message, Find) is not { } call)
        {
            CommitDeferred(here: false);
            return reads.TryCancel(message);
        }

        if (call.Batch is null) CommitDeferred(here: false); // what it reads may take long
        if (!ledger.TryBegin()) _ = RefuseAsync(call.Id);
        else if (call.Handle.TryBeginCall() is not { } authority)
            Refuse(call, new ShareRpcException(ErrorCode.MethodNotFound));
        else if (call.Batch is not null) BeginAppend(call);
        else BeginRead(call, authority);
        return true;
    }

    /// <summary>
    /// Sees to the commit of a batch that was deferred: on this thread, if the peer has sent nothing more, else on that
    /// of the commit loop. Reading thread only.
    /// </summary>
    public void CommitDeferred(bool here)
    {
        if (deferred is not { } log) return;
        deferred = null;
        log.Commit(here);
    }

    public void WakeReads() => reads.WakeAll();

    public void Drain()
    {
        IsDraining = true;
        reads.WakeAll();
    }

    public void Dispose()
    {
        IsClosed = true;
        reads.WakeAll();
        reads.Dispose();
    }

    public void WriteError(ReplyBuffer reply, ParsedCall call, Exception exception) =>
        ReplyWriter.Write(reply, call.Id, errors.Of(exception, call.Batch is null ? "readOps" : "appendOps"));

    /// <param name="reply">The reply.</param>
    /// <param name="heldUp">What it waits for, while its call keeps its place.</param>
    public void Send(ReplyBuffer reply, Task? heldUp = null) => _ = SendReplyAsync(reply, heldUp);

    public void End(PendingRead read, ReplyBuffer reply)
    {
        if (read.Waits)
        {
            reads.Remove(read);
            session.EndWaitingRead();
        }

        _ = SendPageAsync(reply);
    }

    /// <summary>Throws <c>overloaded</c> when there is no memory for a page.</summary>
    public static void Demand(ReplyBuffer reply)
    {
        if (!reply.TryCount()) throw RpcErrors.Overloaded;
    }

    /// <summary>Returns where a page is written.</summary>
    public ReplyBuffer BeginPage() => new(unsent);

    private ShareHandle? Find(long number) => handles.GetValueOrDefault(number);

    /// <summary>Defers the commit of a batch until it is known whether the peer has sent more.</summary>
    private void BeginAppend(ParsedCall call)
    {
        bool isFirst = deferred is null && call.Handle.Log.CanDefer;
        CommitDeferred(here: false);
        new PendingAppend(this, call, isFirst).Begin();
        if (isFirst) deferred = call.Handle.Log;
    }

    private void BeginRead(ParsedCall call, Authority authority)
    {
        int waitMs = authority.WaitAtMost(Math.Min(call.Read!.WaitMs ?? 0, maxWaitMs));
        if (waitMs > 0 && !session.TryBeginWaitingRead())
        {
            call.Handle.EndCall();
            Refuse(call, RpcErrors.TooManyCalls);
            return;
        }

        var read = new PendingRead(this, shareReads, call, authority) { Deadline = waitMs > 0
            ? reads.DeadlineIn(waitMs) : null };
        if (read.Waits) reads.Add(read);
        read.Begin();
    }

    private void Refuse(ParsedCall call, ShareRpcException error)
    {
        errors.Note(error);
        var reply = new ReplyBuffer();
        ReplyWriter.Write(reply, call.Id, error);
        Send(reply);
    }

    private async Task SendPageAsync(ReplyBuffer reply)
    {
        await SendReplyAsync(reply).ConfigureAwait(false);
        PageTurn.Release();
    }

    private async Task SendReplyAsync(ReplyBuffer reply, Task? heldUp = null)
    {
        if (heldUp is not null) await heldUp.ConfigureAwait(false);
        reply.Count(unsent);
        ledger.BeginSend(reply);
        await TrySendAsync(reply, freePlace).ConfigureAwait(false);
        ledger.EndSend(reply);
        ledger.NoteAnswered();
        reply.Dispose();
    }

    private async Task RefuseAsync(byte[] id)
    {
        using var reply = new ReplyBuffer();
        errors.Note(RpcErrors.TooManyCalls);
        ReplyWriter.Write(reply, id, RpcErrors.TooManyCalls);
        reply.Count(unsent);
        ledger.BeginSend(reply);
        await TrySendAsync(reply, onTurn: null).ConfigureAwait(false);
        ledger.EndSend(reply);
    }

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
        }
    }
}
