using System.Diagnostics;
using ShareRpc.Client.Diagnostics;
using ShareRpc.Protocol.Errors;
using StreamJsonRpc;
using StreamJsonRpc.Protocol;

namespace ShareRpc.Client.Connection;

/// <summary>Traces are off: they would hold tokens.</summary>
internal sealed class ClientRpc : JsonRpc
{
    public ClientRpc(IJsonRpcMessageHandler handler)
        : base(handler)
    {
        ActivityTracingStrategy = TraceParents.Instance;
        TraceSource = new TraceSource(nameof(ClientRpc), SourceLevels.Off);
        TraceSource.Listeners.Clear();
    }

    protected override Type? GetErrorDetailsDataType(JsonRpcError error) => typeof(ErrorData);

    protected override RemoteRpcException CreateExceptionFromRpcError(JsonRpcRequest request, JsonRpcError response) =>
        new RemoteInvocationException("refused", (int)response.Error!.Code, null, response.Error.Data);
}
