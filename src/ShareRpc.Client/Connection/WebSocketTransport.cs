using System.Net;
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

    private const int MaxRedirects = 3;
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Connects; follows a redirect on the same host only, from http to https at most: a token is for its server alone.
    /// </summary>
    public async Task<IJsonRpcMessageHandler> ConnectAsync(Uri server, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(ConnectTimeout, TimeProvider.System);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        Uri endpoint = EndpointOf(server);
        for (int redirects = 0; ; redirects++)
        {
            var socket = new ClientWebSocket();
            try
            {
                await ConnectAsync(socket, endpoint, ending.Token).ConfigureAwait(false);
                return new WebSocketMessageHandler(socket, NewFormatter());
            }
            catch (Exception exception) when (
                exception is WebSocketException or OperationCanceledException or IOException or HttpRequestException)
            {
                Uri? next = redirects < MaxRedirects ? RedirectOf(socket, endpoint) : null;
                socket.Dispose();
                cancellationToken.ThrowIfCancellationRequested();
                endpoint = next ?? throw new DisconnectedException(exception, server)
                {
                    Proxy = SystemProxy.AddressFor(endpoint),
                    IsCertificateRefused = exception.GetBaseException() is AuthenticationException,
                };
            }
        }
    }

    public static SystemTextJsonFormatter NewFormatter()
    {
        var formatter = new SystemTextJsonFormatter();
        ProtocolJson.Configure(formatter.JsonSerializerOptions);
        return formatter;
    }

    private async Task ConnectAsync(ClientWebSocket socket, Uri endpoint, CancellationToken cancellationToken)
    {
        socket.Options.AddSubProtocol(Subprotocols.V1Json);
        socket.Options.KeepAliveInterval = keepAliveInterval;
        socket.Options.KeepAliveTimeout = keepAliveTimeout;
        socket.Options.CollectHttpResponseDetails = true;

        IWebProxy? proxy = SystemProxy.For(endpoint);

        // A connection of its own: the handler goes with this call, the upgraded stream stays with the socket.
        using var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.Zero,
            Proxy = proxy, UseProxy = proxy is not null,
        };
        using var invoker = new HttpMessageInvoker(handler);
        await socket.ConnectAsync(endpoint, invoker, cancellationToken).ConfigureAwait(false);
    }

    private static Uri? RedirectOf(ClientWebSocket socket, Uri endpoint)
    {
        bool isRedirect = (int)socket.HttpStatusCode is 301 or 302 or 303 or 307 or 308;
        string? location = isRedirect
            ? socket.HttpResponseHeaders?.GetValueOrDefault("Location")?.FirstOrDefault() : null;
        if (!Uri.TryCreate(endpoint, location, out Uri? next)) return null;
        next = new UriBuilder(next) { Scheme = IsSecure(next) ? Uri.UriSchemeWss : Uri.UriSchemeWs }.Uri;
        bool isSame = next.Authority == endpoint.Authority && next.Scheme == endpoint.Scheme;
        bool isSecured = next.Host == endpoint.Host && IsSecure(next) && !IsSecure(endpoint);
        return isSame || isSecured ? next : null;
    }

    private static bool IsSecure(Uri address) =>
        address.Scheme == Uri.UriSchemeHttps || address.Scheme == Uri.UriSchemeWss;

    private static Uri EndpointOf(Uri server) => new UriBuilder(server)
    {
        Scheme = server.Scheme == Uri.UriSchemeHttps ? Uri.UriSchemeWss : Uri.UriSchemeWs,
        Path = server.AbsolutePath.TrimEnd('/') + Subprotocols.Path,
    }.Uri;
}
