using ShareRpc.Protocol.Errors;
using ShareRpc.Server.CapnWeb.Values;
using ShareRpc.Server.Connections.DirectCalls;
using ShareRpc.Server.Connections.Handles;

namespace ShareRpc.Server.CapnWeb.Sessions;

/// <summary>The table of imports: objects and promises of the peer, and answers that it owes. Any thread.</summary>
internal sealed class PeerObjects(CapSession session, CapSessionParts parts) : IDisposable
{
    /// <summary>Calls of the peer that may wait for its answer at once; subscriptions make four each.</summary>
    private const int MaxCalls = 64;

    /// <summary>What an object or promise of the peer takes.</summary>
    private const int EntryBytes = 256;

    private readonly Lock gate = new();
    private readonly Dictionary<long, ImportTarget> objects = [];
    private readonly Dictionary<long, CapPromise> awaited = [];
    private long nextCall = 1;
    private int calls;
    private bool hasEnded;

    public CapValue Import(long id)
    {
        lock (gate)
        {
            if (!objects.TryGetValue(id, out ImportTarget? target))
            {
                CheckRoom(id);
                parts.Kept.Take(EntryBytes);
                objects.Add(id, target = new ImportTarget(session, id));
            }

            target.Sent++;
            return new StubValue(target);
        }
    }

    public CapValue ImportPromise(long id)
    {
        var promise = new CapPromise();
        lock (gate)
        {
            CheckRoom(id);
            parts.Kept.Take(EntryBytes);
            awaited.Add(id, promise);
            if (!hasEnded) return new PendingValue(promise);
        }

        promise.Reject(CapErrors.Of(new ShareRpcException(ErrorCode.InvalidParams)));
        return new PendingValue(promise);
    }

    /// <summary>Settles an answer, or a promise, of the peer; takes the reference to the value.</summary>
    public void Settle(long id, CapPromise value, bool isRejected)
    {
        CapPromise? promise;
        lock (gate) awaited.Remove(id, out promise);
        if (promise is null)
        {
            value.Drop(); // given up, or never asked for
            return;
        }

        SendRelease(id, 1);
        value.Then(() =>
        {
            if (value.Error is { } error) promise.Reject(error);
            else if (!isRejected) promise.Resolve(
                new CapResult(ValuePath.Copy(value.Result!.Value), value.Result.Demand));
            else promise.Reject(value.Result!.Value is SpecialValue { Kind: "error" } told
                ? told : CapErrors.Of("Error", "The call was rejected."));
            value.Drop();
            promise.Drop();
            parts.Kept.Give(EntryBytes);
        });
    }

    public async Task<CapResult> CallAsync(ImportTarget target, IReadOnlyList<string> path, CapArguments arguments)
    {
        if (!parts.HasWayBack)
            throw new CapRejectedException(CapErrors.Of("Error", "A callback needs a session over a WebSocket."));
        if (Interlocked.Increment(ref calls) > MaxCalls)
        {
            Interlocked.Decrement(ref calls);
            throw RpcErrors.TooManyCalls;
        }

        try
        {
            return await SendCall(target, path, arguments).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref calls);
        }
    }

    public void Release(ImportTarget target)
    {
        lock (gate)
        {
            if (target.IsHeld || hasEnded || !objects.Remove(target.Id)) return;
        }

        parts.Kept.Give(EntryBytes);
        SendRelease(target.Id, target.Sent);
    }

    public void Dispose()
    {
        CapPromise[] all;
        lock (gate)
        {
            hasEnded = true;
            all = [.. awaited.Values];
            awaited.Clear();
        }

        SpecialValue error = CapErrors.Of("Error", "The session has ended.");
        foreach (CapPromise promise in all)
        {
            promise.Reject(error);
            promise.Drop();
        }
    }

    private Task<CapResult> SendCall(ImportTarget target, IReadOnlyList<string> path, CapArguments arguments)
    {
        var promise = new CapPromise();
        lock (gate)
        {
            if (hasEnded) throw new ShareRpcException(ErrorCode.Draining);
            long id = nextCall++;
            parts.Kept.Take(EntryBytes);
            awaited.Add(id, promise);
            parts.Outgoing.Add(Message(message =>
            {
                ValueWriter.Write(message, FormattableString.Invariant($"[\"push\",[\"pipeline\",{target.Id},"));
                WriteList(message, path, name => ValueWriter.WriteName(message, name));
                ValueWriter.Write(message, ",");
                WriteList(message, arguments.Items, item => ValueWriter.Write(item, message, session.Refer));
                ValueWriter.Write(message, "]]");
            }));
            parts.Outgoing.Add(Message(message =>
                ValueWriter.Write(message, FormattableString.Invariant($"[\"pull\",{id}]"))));
        }

        var answer = new TaskCompletionSource<CapResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        promise.Then(() =>
        {
            if (promise.Error is { } error) answer.SetException(new CapRejectedException(error));
            else answer.SetResult(new CapResult(ValuePath.Copy(promise.Result!.Value)));
        });
        return answer.Task;
    }

    private static void WriteList<T>(ReplyBuffer message, IReadOnlyList<T> items, Action<T> write)
    {
        ValueWriter.Write(message, "[");
        for (int i = 0; i < items.Count; i++)
        {
            if (i > 0) ValueWriter.Write(message, ",");
            write(items[i]);
        }

        ValueWriter.Write(message, "]");
    }

    private static ReplyBuffer Message(Action<ReplyBuffer> write)
    {
        var message = new ReplyBuffer();
        write(message);
        return message;
    }

    private void SendRelease(long id, long references) => parts.Outgoing.Add(Message(message =>
        ValueWriter.Write(message, FormattableString.Invariant($"[\"release\",{id},{references}]"))));

    private void CheckRoom(long id)
    {
        if (objects.ContainsKey(id) || awaited.ContainsKey(id))
            throw new CapProtocolException("an export under an id that was used");
        if (objects.Count + awaited.Count >= parts.MaxExports)
            throw new CapProtocolException("more exports than a session may make");
    }
}
