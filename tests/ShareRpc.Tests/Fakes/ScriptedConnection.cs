using Nerdbank.Streams;
using ShareRpc.Client.Connection;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Server.Rpc;
using StreamJsonRpc;

namespace ShareRpc.Tests.Fakes;

/// <summary>One connection to a <see cref="ScriptedServer"/>, without a socket.</summary>
internal sealed class ScriptedConnection : IDisposable
{
    private readonly ScriptedRpc rpc;

    public ScriptedConnection(ScriptedServer server)
    {
        (Stream near, Stream far) = FullDuplexStream.CreatePair();
        ClientEnd = new HeaderDelimitedMessageHandler(near, WebSocketTransport.NewFormatter());
        SystemTextJsonFormatter formatter = WebSocketTransport.NewFormatter();
        formatter.JsonSerializerOptions.Converters.Add(new SingleArgumentConverter());
        rpc = new ScriptedRpc(new HeaderDelimitedMessageHandler(far, formatter));
        rpc.AddLocalRpcTarget<IShareGateway>(new ScriptedGateway(server, this), new JsonRpcTargetOptions { NotifyClientOfEvents = false });
        rpc.StartListening();
    }

    public IJsonRpcMessageHandler ClientEnd { get; }

    /// <summary>Handles that the client holds, now.</summary>
    public int LiveHandles;

    /// <summary>Breaks the connection, as a pulled cable does.</summary>
    public void Dispose() => rpc.Dispose();
}
