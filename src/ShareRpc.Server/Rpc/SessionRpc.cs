using System.Collections.Concurrent;
using System.Data.Common;
using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Limits;
using ShareRpc.Server.Storage.Sqlite;
using StreamJsonRpc;
using StreamJsonRpc.Protocol;

namespace ShareRpc.Server.Rpc;

/// <summary>
/// The RPC layer of one connection: caps the calls in flight where they are dispatched, counting replies that the peer has not taken yet,
/// and
/// rewrites every error so that no exception's own text leaves.
/// </summary>
internal sealed class SessionRpc : JsonRpc
{
    /// <summary>Replies waiting for the peer to read, small errors included, at which the connection is given up.</summary>
    private const int MaxUnsentReplies = 1_024;

    private readonly ProtocolLimits limits;
    private readonly TimeSpan storageRetryAfter;
    private readonly long connection;
    private readonly Action abort;
    private readonly ILogger log;
    private readonly ConcurrentDictionary<JsonRpcMessage, byte> replies = [];
    private readonly ConcurrentDictionary<JsonRpcMessage, byte> leaving = [];
    private readonly ConcurrentDictionary<JsonRpcMessage, byte> unsent = [];
    private readonly TaskCompletionSource idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int inFlight;
    private int unanswered;
    private int sending;
    private volatile bool draining;

    public SessionRpc(
        SessionMessageHandler handler, ProtocolLimits limits, TimeSpan storageRetryAfter, long connection, Action abort,
        ILogger log)
        : base(handler)
    {
        this.limits = limits;
        this.storageRetryAfter = storageRetryAfter;
        this.connection = connection;
        this.abort = abort;
        this.log = log;
        handler.Writing = EndCall;
        CancelLocallyInvokedMethodsWhenConnectionIsClosed = true;

        // Detached: its traces hold parameters, and parameters hold tokens.
        TraceSource = new TraceSource(nameof(SessionRpc), SourceLevels.Off);
        TraceSource.Listeners.Clear();
    }

    /// <summary>Ends when no call is in flight any more: every reply has left.</summary>
    public Task WhenIdleAsync()
    {
        draining = true;
        if (Volatile.Read(ref unanswered) == 0) idle.TrySetResult();
        return idle.Task;
    }

    /// <summary>
    /// After a revocation: gives the connection up if replies made before it have still not left when the time is over (I7).
    /// </summary>
    public async Task AbortUnlessDrainedAsync(TimeSpan within)
    {
        List<JsonRpcMessage> before = [.. unsent.Keys];
        if (before.Count == 0) return;
        await Task.Delay(within, TimeProvider.System).ConfigureAwait(false);
        if (before.Exists(unsent.ContainsKey)) abort();
    }

    protected override async ValueTask<JsonRpcMessage> DispatchRequestAsync(
        JsonRpcRequest request, TargetMethod targetMethod, CancellationToken cancellationToken)
    {
        bool isRelease = request.Method!.EndsWith("/Dispose", StringComparison.Ordinal)
            || request.Method.StartsWith("$/release", StringComparison.Ordinal);
        if (isRelease || IsCancellation(request))
        {
            return await base.DispatchRequestAsync(request, targetMethod, cancellationToken).ConfigureAwait(false);
        }

        // A call without an id could never be answered, so it is not made.
        if (!request.IsResponseExpected) return Error(request.RequestId, new ShareRpcException(ErrorCode.InvalidParams));
        if (Interlocked.Increment(ref inFlight) > limits.CallsInFlight)
        {
            Interlocked.Decrement(ref inFlight);
            return Error(request.RequestId, new ShareRpcException(ErrorCode.TooManyCalls) { RetryAfter = TimeSpan.FromMilliseconds(100) });
        }

        // A call is in flight until its reply is on its way out, one at a time: a peer that does not read cannot pile up pages here.
        Interlocked.Increment(ref unanswered);
        JsonRpcMessage reply = await base.DispatchRequestAsync(request, targetMethod, cancellationToken).ConfigureAwait(false);
        replies.TryAdd(reply, 0);
        leaving.TryAdd(reply, 0);
        return reply;
    }

    protected override async ValueTask SendAsync(JsonRpcMessage message, CancellationToken cancellationToken)
    {
        if (message is JsonRpcError { Error: { } detail } && detail.Data is not ErrorData) Rewrite(detail);
        unsent.TryAdd(message, 0);
        if (Interlocked.Increment(ref sending) > MaxUnsentReplies) abort();
        try
        {
            await base.SendAsync(message, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref sending);
            unsent.TryRemove(message, out _);
            EndCall(message);
            if (leaving.TryRemove(message, out _) && Interlocked.Decrement(ref unanswered) == 0 && draining) idle.TrySetResult();
        }
    }

    protected override JsonRpcError.ErrorDetail CreateErrorDetails(JsonRpcRequest request, Exception exception)
    {
        if (exception is ShareRpcException known) return Detail(known);
        // the parameters were not of the method's shape
        if (exception is JsonException) return Detail(new ShareRpcException(ErrorCode.InvalidParams));
        if (exception is DbException medium)
        {
            log.ReadFailed(medium, connection, MethodName(request.Method));
            if (SqliteTrouble.IsDamage(medium)) log.StorageDamaged();
            return Detail(new ShareRpcException(ErrorCode.StorageUnavailable) { RetryAfter = storageRetryAfter });
        }

        log.CallFailed(exception, connection, MethodName(request.Method));
        return Detail(new ShareRpcException(ErrorCode.Internal));
    }

    /// <summary>
    /// Before the first byte of its reply: whoever has the answer to a call may make another one at once. Once a call.
    /// </summary>
    private void EndCall(JsonRpcMessage reply)
    {
        if (replies.TryRemove(reply, out _)) Interlocked.Decrement(ref inFlight);
    }

    private static bool IsCancellation(JsonRpcRequest request) => request.Method == "$/cancelRequest";

    /// <summary>The name without the handle's number, and only if it looks like one: it came from the peer.</summary>
    private static string MethodName(string? method)
    {
        string name = method is null ? "" : method[(method.LastIndexOf('/') + 1)..];
        return name.Length <= 32 && name.All(char.IsAsciiLetter) ? name : "?";
    }

    private static JsonRpcError.ErrorDetail Detail(ShareRpcException error) =>
        new() { Code = (JsonRpcErrorCode)(int)error.Code, Message = error.Message, Data = ErrorData.From(error) };

    private static JsonRpcError Error(RequestId id, ShareRpcException error) => new() { RequestId = id, Error = Detail(error) };

    private static void Rewrite(JsonRpcError.ErrorDetail detail)
    {
        if (detail.Code == JsonRpcErrorCode.RequestCanceled)
        {
            detail.Message = "cancelled";
            detail.Data = null;
            return;
        }

        ErrorCode code = detail.Code switch
        {
            JsonRpcErrorCode.MethodNotFound or JsonRpcErrorCode.NoMarshaledObjectFound => ErrorCode.MethodNotFound,
            JsonRpcErrorCode.InvalidParams or JsonRpcErrorCode.InvalidRequest or JsonRpcErrorCode.ParseError => ErrorCode.InvalidParams,
            _ => ErrorCode.Internal,
        };
        JsonRpcError.ErrorDetail rewritten = Detail(new ShareRpcException(code));
        (detail.Code, detail.Message, detail.Data) = (rewritten.Code, rewritten.Message, rewritten.Data);
    }
}
