using System.Diagnostics;
using ShareRpc.Protocol.Errors;
using StreamJsonRpc;
using StreamJsonRpc.Protocol;

namespace ShareRpc.Client.Connection;

/// <summary>
/// The client's RPC layer: errors keep their <see cref="ErrorData"/>, and its traces, which would hold tokens, go
/// nowhere.
/// </summary>
internal sealed class ClientRpc : JsonRpc
{
    public ClientRpc(IJsonRpcMessageHandler handler)
        : base(handler)
    {
        TraceSource = new TraceSource(nameof(ClientRpc), SourceLevels.Off);
        TraceSource.Listeners.Clear();
    }

    protected override Type? GetErrorDetailsDataType(JsonRpcError error) => typeof(ErrorData);

    // By now Data is an ErrorData if the server keeps to the protocol, and anything at all if it does not.
    protected override RemoteRpcException CreateExceptionFromRpcError(JsonRpcRequest request, JsonRpcError response) =>
        new RemoteInvocationException("refused", (int)response.Error!.Code, null, response.Error.Data);
}
