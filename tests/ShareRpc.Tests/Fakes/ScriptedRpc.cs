using System.Diagnostics;
using ShareRpc.Protocol.Errors;
using StreamJsonRpc;
using StreamJsonRpc.Protocol;

namespace ShareRpc.Tests.Fakes;

/// <summary>
/// The server's end of a connection, as far as its errors go: a <see cref="ShareRpcException"/> becomes a JSON-RPC
/// error of the protocol.
/// </summary>
internal sealed class ScriptedRpc : JsonRpc
{
    public ScriptedRpc(IJsonRpcMessageHandler handler)
        : base(handler)
    {
        CancelLocallyInvokedMethodsWhenConnectionIsClosed = true;
        TraceSource = new TraceSource(nameof(ScriptedRpc), SourceLevels.Off);
    }

    protected override JsonRpcError.ErrorDetail CreateErrorDetails(JsonRpcRequest request, Exception exception) =>
        exception is ShareRpcException error
            ? new() { Code = (JsonRpcErrorCode)(int)error.Code, Message = "not to be read by programs",
                Data = ErrorData.From(error) }
            : base.CreateErrorDetails(request, exception);
}
