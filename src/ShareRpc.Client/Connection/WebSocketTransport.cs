using System.Net.WebSockets;
using System.Security.Authentication;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Rpc;
using StreamJsonRpc;

namespace ShareRpc.Client.Connection;

/// <summary>Pings detect a lost peer.</summary>
internal sealed class WebSocketTransport(TimeSpan keepAliveInterval, TimeSpan keepAliveTimeout)
{
    public static readonly WebSocketTransport Default = new(TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(20));

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    public async Task<IJsonRpcMessageHandler> ConnectAsync(Uri server, CancellationToken cancellationToken)
    {
        var socket = new ClientWebSocket();
        try
        {
            socket.Options.AddSubProtocol(Subprotocols.V1Json);
            socket.Options.Proxy = SystemProxy.For(server);
            socket.Options.KeepAliveInterval = keepAliveInterval;
            socket.Options.KeepAliveTimeout = keepAliveTimeout;
            using var timeout = new CancellationTokenSource(ConnectTimeout, TimeProvider.System);
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            await socket.ConnectAsync(EndpointOf(server), ending.Token).ConfigureAwait(false);
            return new WebSocketMessageHandler(socket, NewFormatter());
        }
        catch (Exception exception) when (
            exception is WebSocketException or OperationCanceledException or IOException or HttpRequestException)
        {
            socket.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            throw new DisconnectedException(exception, server)
            {
                Proxy = SystemProxy.AddressFor(EndpointOf(server)),
                IsCertificateRefused = exception.GetBaseException() is AuthenticationException,
            };
        }
    }

    public static SystemTextJsonFormatter NewFormatter()
    {
        var formatter = new SystemTextJsonFormatter();
        ProtocolJson.Configure(formatter.JsonSerializerOptions);
        return formatter;
    }

    private static Uri EndpointOf(Uri server) => new UriBuilder(server)
    {
        Scheme = server.Scheme == Uri.UriSchemeHttps ? Uri.UriSchemeWss : Uri.UriSchemeWs,
        Path = server.AbsolutePath.TrimEnd('/') + Subprotocols.Path,
    }.Uri;
}
