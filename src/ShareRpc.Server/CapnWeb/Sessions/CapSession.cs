using System.Text.Json;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server.CapnWeb.Values;
using ShareRpc.Server.Connections.DirectCalls;
using ShareRpc.Server.Connections.Handles;
using ShareRpc.Server.Memory;

namespace ShareRpc.Server.CapnWeb.Sessions;

/// <summary>
/// One session of Cap'n Web over whatever carries its messages (protocol/neighbours/capnweb.md). Messages are taken one
/// at a time; everything else may be called on any thread.
/// </summary>
internal sealed class CapSession : IReferences, IDisposable
{
    /// <summary>What a call, or the result of a push, takes until it is released, but for its bytes.</summary>
    private const int EntryBytes = 512;

    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = WireJson.MaxDepth };

    private readonly Lock gate = new();
    private readonly ExportTable exports;
    private readonly PeerObjects peer;
    private readonly CallLane lane;
    private readonly CapSessionParts parts;
    private readonly TaskCompletionSource answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private MemoryAccount? messageAccount;
    private int pulls;
    private bool isLast;

    /// <param name="main">The object that the peer begins with.</param>
    /// <param name="parts">What it works with.</param>
    public CapSession(CapTarget main, CapSessionParts parts)
    {
        this.parts = parts;
        lane = new CallLane(parts.CallsInFlight);
        peer = new PeerObjects(this, parts);
        exports = new ExportTable(main, parts.MaxExports);
    }

    /// <summary>Gets whether the peer has ended the session by <c>abort</c>.</summary>
    public bool IsAborted { get; private set; }

    /// <summary>
    /// Carries out a message. Throws a <see cref="CapProtocolException"/> for one that ends the session.
    /// </summary>
    /// <param name="message">Good for the call only.</param>
    /// <param name="account">What it counts against, to be kept as long as something of it is.</param>
    public void Take(ReadOnlySpan<byte> message, MemoryAccount? account = null)
    {
        messageAccount = account;
        try
        {
            var reader = new Utf8JsonReader(message, ReaderOptions);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray || !reader.Read()
                || reader.TokenType != JsonTokenType.String)
                throw new CapProtocolException("a message that is no list with a word");
            Take(ref reader, message);
            while (reader.Read()) continue; // nothing else may be in a message
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            throw new CapProtocolException("a message that cannot be read");
        }
        finally
        {
            messageAccount?.Dispose();
            messageAccount = null;
        }
    }

    /// <summary>Waits until every call that may begin has begun.</summary>
    public Task WhenReadyAsync() => lane.WhenRoomAsync();

    /// <summary>Waits, besides, until the peer has taken enough of what was sent to it.</summary>
    public async ValueTask WhenRoomAsync()
    {
        await lane.WhenRoomAsync().ConfigureAwait(false);
        await parts.Outgoing.WhenRoomAsync().ConfigureAwait(false);
    }

    /// <summary>Waits until no call runs or waits for its turn.</summary>
    public Task WhenIdleAsync() => lane.WhenIdleAsync();

    /// <summary>
    /// No message comes any more: what waits for the peer is rejected. Waits until all pulls are answered.
    /// </summary>
    public Task FinishAsync()
    {
        peer.Dispose();
        lock (gate)
        {
            isLast = true;
            if (pulls == 0) answered.TrySetResult();
        }

        return answered.Task;
    }

    /// <summary>Tells the peer why the session ends.</summary>
    public void Abort(string rule)
    {
        ErrorCode code = rule == ExportTable.TooMany ? ErrorCode.TooManyCalls : ErrorCode.InvalidParams;
        var message = new ReplyBuffer();
        ValueWriter.Write(message, "[\"abort\",");
        ValueWriter.Write(CapErrors.Of(code, rule), message, Refer);
        ValueWriter.Write(message, "]");
        parts.Outgoing.Add(message);
    }

    public CapPromise Find(long id) => exports.Find(id);

    public CapValue Get(CapPromise subject, IReadOnlyList<string> path, bool isPromise)
    {
        CapPromise result = NewKept();
        subject.Hold();
        if (subject.IsSettled) Follow();
        else subject.Then(() => SettleLater(Follow));
        CapValue value = new PendingValue(result);
        result.Drop();
        if (isPromise || result.Result?.Value is not StubValue stub) return value;
        CapValue copy = new StubValue(stub.Target);
        value.Drop();
        return copy;

        void Follow()
        {
            Settle(result, () =>
                Keep(result, new CapResult(ValuePath.Follow(subject.Demand(), path), subject.Result!.Demand)));
            subject.Drop();
        }
    }

    public CapValue Call(CapPromise subject, IReadOnlyList<string> path, CapArguments arguments)
    {
        CapPromise result = NewKept();
        var value = new PendingValue(result);
        result.Drop();
        long bytes = arguments.Bytes + (messageAccount is null ? arguments.BufferBytes : 0);
        if (!parts.Kept.TryTake(bytes))
        {
            arguments.Dispose();
            result.Reject(CapErrors.Of(RpcErrors.Overloaded));
            return value;
        }

        MemoryAccount? account = messageAccount;
        messageAccount = null;
        CapPromise[] awaited = [.. arguments.Items.SelectMany(ValuePath.PromisesOf)];
        subject.Hold(); // the peer may release both before the call has ended
        result.Hold();
        subject.Then(() => WhenAll(awaited, () => lane.Add(async () =>
        {
            await CallAsync(subject, path, arguments, result).ConfigureAwait(false);
            subject.Drop();
            result.Drop();
            account?.Dispose();
            parts.Kept.Give(bytes);
        })));
        return value;
    }

    public CapValue Import(long id) => peer.Import(id);

    public CapValue ImportPromise(long id) => peer.ImportPromise(id);

    /// <summary>Calls an object of the peer, and waits for its answer.</summary>
    public Task<CapResult> CallPeerAsync(ImportTarget target, IReadOnlyList<string> path, CapArguments arguments) =>
        peer.CallAsync(target, path, arguments);

    /// <summary>Tells the peer that its object is no longer used.</summary>
    public void Release(ImportTarget target) => peer.Release(target);

    /// <summary>Returns the word and the id by which the peer knows an object, which becomes an export.</summary>
    public (string Word, long Id) Refer(CapTarget target) => target is ImportTarget import && import.Session == this
        ? ("import", import.Id) : ("export", exports.Tell(target));

    public void Dispose()
    {
        exports.Dispose();
        peer.Dispose();
        parts.Outgoing.Close();
    }

    private void Take(ref Utf8JsonReader reader, ReadOnlySpan<byte> message)
    {
        string word = reader.GetString()!;
        switch (word)
        {
            case "push":
                reader.Read();
                Push(Evaluate(ref reader, message));
                break;
            case "stream":
                // Refused like a push whose result is pulled and released; its calls are not made.
                Send("reject", exports.Skip(), CapErrors.Unsupported(word));
                break;
            case "pipe":
                Push(CapPromise.Rejected(CapErrors.Unsupported(word)));
                break;
            case "pull":
                Pull(NumberOf(ref reader));
                break;
            case "release":
                long released = NumberOf(ref reader);
                if (exports.Release(released, NumberOf(ref reader)) && released > 0) parts.Kept.Give(EntryBytes);
                break;
            case "resolve" or "reject":
                long id = NumberOf(ref reader);
                reader.Read();
                peer.Settle(id, Evaluate(ref reader, message), isRejected: word == "reject");
                break;
            case "abort":
                IsAborted = true;
                break;
            default:
                throw new CapProtocolException("a message of unknown kind");
        }
    }

    /// <summary>Reads an expression; its promise has one reference.</summary>
    private CapPromise Evaluate(ref Utf8JsonReader reader, ReadOnlySpan<byte> message)
    {
        CapValue value;
        try
        {
            value = new ValueReader(message, this).Read(ref reader);
        }
        catch (CapRejectedException refused)
        {
            return CapPromise.Rejected(refused.Error);
        }

        if (value is PendingValue pending) return pending.Promise;
        CapPromise promise = NewKept();
        CapPromise[] awaited = [.. ValuePath.PromisesOf(value)];
        if (awaited.Length == 0) Settle(promise, () => Keep(promise, new CapResult(value)));
        else WhenAll(awaited, () => SettleLater(Join));
        return promise;

        void Join()
        {
            Settle(promise, () => Keep(promise, CapResult.Joined(ValuePath.Settle(value), awaited)));
            value.Drop();
        }
    }

    /// <summary>Returns a promise that counts until its end.</summary>
    private CapPromise NewKept()
    {
        parts.Kept.Take(EntryBytes);
        return new CapPromise { OnEnd = () => parts.Kept.Give(EntryBytes) };
    }

    /// <summary>Counts the bytes of a result until the promise ends; throws <c>overloaded</c> without room.</summary>
    private CapResult Keep(CapPromise promise, CapResult result)
    {
        long bytes;
        try
        {
            bytes = ValuePath.SizeOf(result.Value);
            if (!parts.Kept.TryTake(bytes)) throw RpcErrors.Overloaded;
        }
        catch (ShareRpcException)
        {
            result.Value.Drop();
            throw;
        }
        promise.OnEnd = () => parts.Kept.Give(EntryBytes + bytes);
        return result;
    }

    private void Push(CapPromise value)
    {
        parts.Kept.Take(EntryBytes);
        exports.Push(value);
    }

    private void Pull(long id)
    {
        if (exports.Pull(id) is not { } value) return;
        lock (gate) pulls++;
        value.Then(() => Answer(id, value));
    }

    private void Answer(long id, CapPromise value)
    {
        try
        {
            Send("resolve", id, value.Demand());
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            Send("reject", id, ErrorOf(exception, "pull"));
        }

        lock (gate)
        {
            if (--pulls == 0 && isLast) answered.TrySetResult();
        }
    }

    private void Send(string word, long id, CapValue value)
    {
        var message = new ReplyBuffer();
        try
        {
            ValueWriter.Write(message, FormattableString.Invariant($"[\"{word}\",{id},"));
            ValueWriter.Write(value, message, Refer);
            ValueWriter.Write(message, "]");
        }
        catch
        {
            message.Dispose();
            throw;
        }

        parts.Outgoing.Add(message);
    }

    private async Task CallAsync(CapPromise subject, IReadOnlyList<string> path, CapArguments arguments,
        CapPromise result)
    {
        parts.Ledger.TryBegin();
        try
        {
            CapResult returned = await BeginAsync(subject, path, arguments).ConfigureAwait(false);
            result.Resolve(Keep(result, returned));
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            result.Reject(ErrorOf(exception, path.Count > 0 ? path[^1] : ""));
        }
        finally
        {
            parts.Ledger.FreePlace();
            parts.Ledger.NoteAnswered();
        }
    }

    /// <summary>The arguments are this call's until it has ended.</summary>
    private static async Task<CapResult> BeginAsync(CapPromise subject, IReadOnlyList<string> path,
        CapArguments arguments)
    {
        using CapArguments own = arguments;
        (CapTarget target, IReadOnlyList<string> method) = ValuePath.FindTarget(subject.Demand(), path);
        target.Hold();
        try
        {
            if (!own.Items.SelectMany(ValuePath.PromisesOf).Any())
                return await target.CallAsync(method, own).ConfigureAwait(false);
            using CapArguments settled = own.Settle();
            return await target.CallAsync(method, settled).ConfigureAwait(false);
        }
        finally
        {
            target.Drop();
        }
    }

    private void Settle(CapPromise promise, Func<CapResult> settle)
    {
        try
        {
            promise.Resolve(settle());
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            promise.Reject(ErrorOf(exception, ""));
        }
    }

    /// <summary>Settles from the lane: a chain of promises must not become one of calls on the stack.</summary>
    private void SettleLater(Action settle) => lane.Add(() =>
    {
        settle();
        return Task.CompletedTask;
    });

    private static void WhenAll(CapPromise[] promises, Action action)
    {
        int left = promises.Length + 1;
        foreach (CapPromise promise in promises) promise.Then(CountDown);
        CountDown();

        void CountDown()
        {
            if (Interlocked.Decrement(ref left) == 0) action();
        }
    }

    private CapValue ErrorOf(Exception exception, string method) => exception is CapRejectedException rejected
        ? rejected.Error : CapErrors.Of(parts.Errors.Of(exception, method));

    private static long NumberOf(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.GetInt64();
    }
}
