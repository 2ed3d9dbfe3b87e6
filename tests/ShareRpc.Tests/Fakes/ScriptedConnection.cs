using System.Net.WebSockets;
using Nerdbank.Streams;
using ShareRpc.Client.Connection;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Server;
using ShareRpc.Server.Connections;
using StreamJsonRpc;

namespace ShareRpc.Tests.Fakes;

/// <summary>One connection to a <see cref="ScriptedServer"/>, without a socket.</summary>
internal sealed class ScriptedConnection : IDisposable
{
    private readonly ScriptedRpc rpc;
    private readonly GuardedWebSocket? guarded;

    public ScriptedConnection(ScriptedServer server)
    {
        (Stream near, Stream far) = FullDuplexStream.CreatePair();
        SystemTextJsonFormatter formatter = WebSocketTransport.NewFormatter();
        formatter.JsonSerializerOptions.Converters.Add(ProtocolTypeConverter.Instance);
        if (server.FrameBytes is { } frameBytes)
        {
            ClientEnd = new WebSocketMessageHandler(Socket(near, isServer: false), WebSocketTransport.NewFormatter());
            guarded = new GuardedWebSocket(
                Socket(far, isServer: true), () => Math.Min(frameBytes, Volatile.Read(ref LiveHandles) > 0
                    ? frameBytes : server.UnprovenBytes), ServerLimits.Default, TimeProvider.System, _ => { });
            rpc = new ScriptedRpc(new WebSocketMessageHandler(guarded, formatter));
        }
        else
        {
            ClientEnd = new HeaderDelimitedMessageHandler(near, WebSocketTransport.NewFormatter());
            rpc = new ScriptedRpc(new HeaderDelimitedMessageHandler(far, formatter));
        }

        rpc.AddLocalRpcTarget<IShareGateway>(new ScriptedGateway(server, this),
            new JsonRpcTargetOptions { NotifyClientOfEvents = false });
        rpc.StartListening();

        // As a server does that has closed a connection: whatever the client is still sending breaks.
        _ = rpc.Completion.ContinueWith(_ => Dispose(), CancellationToken.None, TaskContinuationOptions.None,
            TaskScheduler.Default);
    }

    public IJsonRpcMessageHandler ClientEnd { get; }

    /// <summary>Handles that the client holds, now.</summary>
    public int LiveHandles;

    /// <summary>Breaks the connection, as a pulled cable does.</summary>
    public void Dispose()
    {
        rpc.Dispose();
        guarded?.Dispose();
    }

    private static WebSocket Socket(Stream stream, bool isServer) =>
        WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = isServer });
}
