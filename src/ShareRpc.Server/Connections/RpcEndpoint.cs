using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Server.Access;
using ShareRpc.Server.Connections.Handles;

namespace ShareRpc.Server.Connections;

/// <summary>The WebSocket endpoint: who may connect, and how many.</summary>
internal sealed class RpcEndpoint(
    ServerOptions options, ServerHealth health, ClientAddress addresses, DrainSignal drain, IServiceProvider services)
{
    private static readonly ObjectFactory<RpcSession> NewSession =
        ActivatorUtilities.CreateFactory<RpcSession>([typeof(WebSocket), typeof(SessionState), typeof(long)]);

    private readonly ServerLimits limits = options.ServerLimits;
    private long connections;

    /// <summary>Accepts and serves one connection, or answers why not.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        CancellationToken stopping = drain.Token;
        addresses.Apply(context);
        if (!context.WebSockets.IsWebSocketRequest)
        {
            await RefuseAsync(context, StatusCodes.Status426UpgradeRequired, "This is a WebSocket endpoint.").ConfigureAwait(false);
            return;
        }

        if (!IsAllowedOrigin(context.Request))
        {
            await RefuseAsync(context, StatusCodes.Status403Forbidden, "This origin may not connect.").ConfigureAwait(false);
            return;
        }

        if (!context.WebSockets.WebSocketRequestedProtocols.Contains(Subprotocols.V1Json))
        {
            await RefuseAsync(
                context, StatusCodes.Status400BadRequest, $"Ask for the subprotocol {Subprotocols.V1Json}.").ConfigureAwait(false);
            return;
        }

        if (stopping.IsCancellationRequested || health.Connected() > limits.Connections)
        {
            if (!stopping.IsCancellationRequested) health.Disconnected();
            context.Response.Headers.RetryAfter = "1";
            await RefuseAsync(
                context, StatusCodes.Status503ServiceUnavailable, "No room for another connection now.").ConfigureAwait(false);
            return;
        }

        try
        {
            var state = new SessionState(ClientAddress.Of(context), options);
            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
            {
                SubProtocol = Subprotocols.V1Json, KeepAliveInterval = limits.KeepAliveInterval,
                KeepAliveTimeout = limits.KeepAliveTimeout,
            }).ConfigureAwait(false);
            await NewSession(services, [socket, state, Interlocked.Increment(ref connections)]).RunAsync(stopping).ConfigureAwait(false);
        }
        finally
        {
            health.Disconnected();
        }
    }

    private static async Task RefuseAsync(HttpContext context, int status, string reason)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync(reason).ConfigureAwait(false);
    }

    /// <summary>Programs send no Origin. A browser's must be the server's own, or be allowed by name.</summary>
    private bool IsAllowedOrigin(HttpRequest request)
    {
        string? origin = request.Headers.Origin;
        if (string.IsNullOrEmpty(origin)) return true;
        return string.Equals(origin, $"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase)
            || options.AllowedOrigins.Contains(origin, StringComparer.OrdinalIgnoreCase);
    }
}
