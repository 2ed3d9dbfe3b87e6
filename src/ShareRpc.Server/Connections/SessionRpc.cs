using System.Collections.Concurrent;
using System.Diagnostics;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Connections.Handles;
using ShareRpc.Server.Diagnostics;
using ShareRpc.Server.Memory;
using StreamJsonRpc;
using StreamJsonRpc.Protocol;

namespace ShareRpc.Server.Connections;

/// <summary>Counts calls in the ledger, and rewrites errors so that no exception text leaves.</summary>
internal sealed class SessionRpc : JsonRpc
{
    private readonly CallLedger ledger;
    private readonly RpcErrors errors;
    private readonly WrongTokens wrongTokens;
    private readonly UnsentMemory unsent;
    private readonly RequestMemory requests;
    private readonly ConcurrentDictionary<JsonRpcMessage, long> counted = new(1, 1);
    private readonly SemaphoreSlim pageTurn = new(1);
    private readonly ConcurrentDictionary<JsonRpcMessage, byte> pages = new(1, 1);
    private readonly ConcurrentDictionary<JsonRpcMessage, byte> replies = new(1, 1);
    private readonly ConcurrentDictionary<JsonRpcMessage, byte> leaving = new(1, 1);

    public SessionRpc(SessionMessageHandler handler, CallLedger ledger, RpcErrors errors, WrongTokens wrongTokens,
        UnsentMemory unsent, RequestMemory requests)
        : base(handler)
    {
        this.ledger = ledger;
        this.errors = errors;
        this.wrongTokens = wrongTokens;
        this.unsent = unsent;
        this.requests = requests;
        handler.Writing = EndCall;
        CancelLocallyInvokedMethodsWhenConnectionIsClosed = true;

        // Off: traces contain parameters, hence tokens.
        TraceSource = new TraceSource(nameof(SessionRpc), SourceLevels.Off);
        TraceSource.Listeners.Clear();
    }

    protected override async ValueTask<JsonRpcMessage> DispatchRequestAsync(
        JsonRpcRequest request, TargetMethod targetMethod, CancellationToken cancellationToken)
    {
        bool isRelease = request.Method!.EndsWith("/Dispose", StringComparison.Ordinal)
            || request.Method.StartsWith("$/release", StringComparison.Ordinal);
        bool isCredit = request is { Method: "credit", IsResponseExpected: false };
        if (isRelease || isCredit || IsCancellation(request))
        {
            return await base.DispatchRequestAsync(request, targetMethod, cancellationToken).ConfigureAwait(false);
        }

        // No id, no reply: not called.
        if (!request.IsResponseExpected)
            return Error(request.RequestId, new ShareRpcException(ErrorCode.InvalidParams));
        if (!ledger.TryBegin()) return Refuse(request.RequestId, RpcErrors.TooManyCalls);
        bool isPage = PageCall.Is(request);
        if (isPage) await pageTurn.WaitAsync(cancellationToken).ConfigureAwait(false);
        Activity? span = ServerTracing.BeginCall(RpcErrors.NameOf(request.Method), request.TraceParent);
        if (span is not null) Activity.Current = span;
        JsonRpcMessage reply =
            await wrongTokens.RefuseAsync(request, cancellationToken).ConfigureAwait(false) is { } refusal
            ? Refuse(request.RequestId, refusal)
            : await base.DispatchRequestAsync(request, targetMethod, cancellationToken).ConfigureAwait(false);
        ServerTracing.End(span);
        reply = Count(request, reply);
        if (isPage) pages.TryAdd(reply, 0);
        replies.TryAdd(reply, 0);
        leaving.TryAdd(reply, 0);
        return reply;
    }

    protected override async ValueTask SendAsync(JsonRpcMessage message, CancellationToken cancellationToken)
    {
        if (message is JsonRpcError { Error: { } detail } && detail.Data is not ErrorData) Rewrite(detail);
        if (message is JsonRpcResult or JsonRpcError) requests.End(((IJsonRpcMessageWithId)message).RequestId);
        ledger.BeginSend(message);
        try
        {
            await base.SendAsync(message, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            ledger.EndSend(message);
            EndCall(message);
            if (leaving.TryRemove(message, out _)) ledger.NoteAnswered();
            if (pages.TryRemove(message, out _)) pageTurn.Release();
            if (counted.TryRemove(message, out long bytes)) unsent.Give(bytes);
        }
    }

    protected override JsonRpcError.ErrorDetail CreateErrorDetails(JsonRpcRequest request, Exception exception) =>
        Detail(errors.Of(exception, request.Method));

    /// <summary>
    /// Counts what a reply keeps until it has left. Without memory for it a read is answered <c>overloaded</c>; a
    /// redemption has had its effect, and is answered.
    /// </summary>
    private JsonRpcMessage Count(JsonRpcRequest request, JsonRpcMessage reply)
    {
        long bytes = reply is JsonRpcResult { Result: { } result } ? OutcomeSize.Of(result) : 0;
        if (bytes == 0) return reply;
        if (reply is JsonRpcResult { Result: RedeemShareResult }) unsent.Take(bytes);
        else if (!unsent.TryTake(bytes)) return Refuse(request.RequestId, RpcErrors.Overloaded);
        counted.TryAdd(reply, bytes);
        return reply;
    }

    private JsonRpcError Refuse(RequestId id, ShareRpcException error)
    {
        errors.Note(error);
        return Error(id, error);
    }

    private void EndCall(JsonRpcMessage reply)
    {
        if (replies.TryRemove(reply, out _)) ledger.FreePlace();
    }

    private static bool IsCancellation(JsonRpcRequest request) => request.Method == "$/cancelRequest";

    private static JsonRpcError.ErrorDetail Detail(ShareRpcException error) =>
        new() { Code = (JsonRpcErrorCode)(int)error.Code, Message = error.Message, Data = ErrorData.From(error) };

    private static JsonRpcError Error(RequestId id, ShareRpcException error) =>
        new() { RequestId = id, Error = Detail(error) };

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
            JsonRpcErrorCode.InvalidParams or JsonRpcErrorCode.InvalidRequest or JsonRpcErrorCode.ParseError =>
                ErrorCode.InvalidParams,
            _ => ErrorCode.Internal,
        };
        JsonRpcError.ErrorDetail rewritten = Detail(new ShareRpcException(code));
        (detail.Code, detail.Message, detail.Data) = (rewritten.Code, rewritten.Message, rewritten.Data);
    }
}
