using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Rpc;

namespace ShareRpc.Server.Rpc;

/// <summary>
/// Answers <c>appendOps</c> and <c>readOps</c> of this connection's share handles past the RPC layer: read from the message's bytes,
/// counted in the same ledger, answered with the same bytes. Calls begin on the reading thread, in the order of their messages.
/// </summary>
internal sealed class HotCalls(CallLedger ledger, RpcErrors errors) : IDisposable
{
    /// <summary>A message that cancels a call is shorter than this.</summary>
    private const int MaxCancellationBytes = 512;

    private readonly ConcurrentDictionary<long, ShareHandle> handles = [];
    private readonly Lock gate = new();
    private readonly List<WaitingRead> waiting = [];
    private bool closed;

    /// <summary>Sends a whole message, telling when it is its turn; set before the first call.</summary>
    public Func<ReadOnlyMemory<byte>, Action?, ValueTask> SendAsync { get; set; } = null!;

    /// <summary>The peer is about to know this handle by this number.</summary>
    public void Add(long number, ShareHandle handle) => handles[number] = handle;

    /// <summary>The peer has released that handle.</summary>
    public void Remove(long number) => handles.TryRemove(number, out _);

    /// <summary>Begins the call that a message holds; false when it is not one for here, and nothing has happened.</summary>
    public bool TryBegin(ReadOnlySpan<byte> message)
    {
        if (handles.IsEmpty) return false;
        if (CallParser.Parse(message, Find) is not { } call) return TryCancel(message);
        if (!ledger.TryBegin()) _ = RefuseAsync(call.Id);
        else if (call.Batch is { } batch) _ = AnswerAsync(call.Id, call.Handle.AppendOpsAsync(batch));
        else _ = AnswerReadAsync(call, call.Read!);
        return true;
    }

    /// <summary>Ends the read that a <c>$/cancelRequest</c> names; false when it names none of those that wait here.</summary>
    public bool TryCancel(ReadOnlySpan<byte> message)
    {
        if (message.Length > MaxCancellationBytes || message.IndexOf("cancelRequest"u8) < 0) return false;
        lock (gate)
        {
            if (waiting.Count == 0) return false;
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(message.ToArray());
            if (document.RootElement.GetProperty("method"u8).GetString() != "$/cancelRequest") return false;
            JsonElement id = document.RootElement.GetProperty("params"u8).GetProperty("id"u8);
            WaitingRead? found;
            lock (gate) found = waiting.Find(read => read.HasId(id));
            found?.Cancel();
            return found is not null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return false;
        }
    }

    /// <summary>The connection has gone: reads that wait end.</summary>
    public void Dispose()
    {
        List<WaitingRead> ending;
        lock (gate)
        {
            closed = true;
            ending = [.. waiting];
        }

        foreach (WaitingRead read in ending) read.Cancel();
    }

    private ShareHandle? Find(long number) => handles.GetValueOrDefault(number);

    private async Task AnswerAsync(byte[] id, Task<Ack> append)
    {
        using var reply = new ReplyBuffer();
        try
        {
            Ack ack = await append.ConfigureAwait(false);
            ReplyWriter.Write(reply, id, ack);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            ReplyWriter.Write(reply, id, errors.Of(exception, "appendOps"));
        }

        await SendReplyAsync(reply).ConfigureAwait(false);
    }

    private async Task AnswerReadAsync(ParsedCall call, ReadOpsRequest request)
    {
        using WaitingRead? read = request.WaitMs > 0 ? Begin(call.Id) : null;
        using var reply = new ReplyBuffer();
        try
        {
            OpPage page = await call.Handle.ReadOpsAsync(request, read?.Token ?? CancellationToken.None).ConfigureAwait(false);
            ReplyWriter.Write(reply, call.Id, page);
        }
        catch (OperationCanceledException) when (read?.Token.IsCancellationRequested == true)
        {
            ReplyWriter.WriteCancelled(reply, call.Id);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            ReplyWriter.Write(reply, call.Id, errors.Of(exception, "readOps"));
        }

        await SendReplyAsync(reply).ConfigureAwait(false);
    }

    private async Task SendReplyAsync(ReplyBuffer reply)
    {
        bool isFree = false;
        ledger.BeginSend(reply);
        try
        {
            await TrySendAsync(reply, () =>
            {
                isFree = true;
                ledger.FreePlace();
            }).ConfigureAwait(false);
        }
        finally
        {
            ledger.EndSend(reply);
            if (!isFree) ledger.FreePlace();
            ledger.NoteAnswered();
        }
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

    private WaitingRead Begin(byte[] id)
    {
        var read = new WaitingRead(this, id);
        lock (gate)
        {
            waiting.Add(read);
            if (closed) read.Cancel();
        }

        return read;
    }

    /// <summary>A read that waits, until it is disposed.</summary>
    private sealed class WaitingRead(HotCalls calls, byte[] id) : IDisposable
    {
        private readonly CancellationTokenSource cancel = new();

        public CancellationToken Token => cancel.Token;

        public void Cancel() => _ = cancel.CancelAsync();

        public bool HasId(JsonElement other)
        {
            using JsonDocument own = JsonDocument.Parse(id);
            return JsonElement.DeepEquals(own.RootElement, other);
        }

        public void Dispose()
        {
            lock (calls.gate) calls.waiting.Remove(this);
            cancel.Dispose();
        }
    }
}
