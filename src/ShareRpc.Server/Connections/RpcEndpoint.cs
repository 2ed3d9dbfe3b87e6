using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Connections.Handles;
using ShareRpc.Server.Memory;

namespace ShareRpc.Server.Connections;

internal sealed class RpcEndpoint(
    ServerOptions options, ServerHealth health, ClientAddress addresses, ServerOrigin own, DrainSignal drain,
    MemoryBudget memory, IServiceProvider services, TimeProvider time, ILogger<RpcEndpoint> log)
{
    private const int MaxOriginShown = 200;

    /// <summary>What a connection takes by itself.</summary>
    private const int IdleBytes = 32 * 1024;

    private const int RefusedOriginsLoggedPerMinute = 6;

    private static readonly ObjectFactory<RpcSession> NewSession =
        ActivatorUtilities.CreateFactory<RpcSession>([typeof(WebSocket), typeof(SessionState), typeof(long)]);

    private readonly ServerLimits limits = options.ServerLimits;
    private readonly RateLimiter originsLogged = new(RefusedOriginsLoggedPerMinute, maxKeys: 1, time);
    private readonly FairPlaces places = new(options.ServerLimits.Connections);
    private long connections;

    public async Task HandleAsync(HttpContext context)
    {
        CancellationToken stopping = drain.Token;
        addresses.Apply(context);
        // First, so that a page whose socket was refused can ask by a POST why.
        if (own.FindForeign(context.Request) is { } foreign)
        {
            await RefuseOriginAsync(context, foreign).ConfigureAwait(false);
            return;
        }

        if (!context.WebSockets.IsWebSocketRequest)
        {
            await RefuseAsync(context, StatusCodes.Status426UpgradeRequired,
                "This is a WebSocket endpoint.").ConfigureAwait(false);
            return;
        }

        if (!context.WebSockets.WebSocketRequestedProtocols.Contains(Subprotocols.V1Json))
        {
            await RefuseAsync(
                context, StatusCodes.Status400BadRequest,
                $"Ask for the subprotocol {Subprotocols.V1Json}.").ConfigureAwait(false);
            return;
        }

        string? address = ClientAddress.Of(context);
        string network = ClientAddress.NetworkOf(address);
        using MemoryAccount held = memory.Open(address);
        bool isPlace = !stopping.IsCancellationRequested && places.TryTake(network);
        if (!isPlace || !held.TryConnect(IdleBytes))
        {
            if (isPlace) places.Give(network);
            context.Response.Headers.RetryAfter = "1";
            await RefuseAsync(
                context, StatusCodes.Status503ServiceUnavailable,
                "No room for another connection now.").ConfigureAwait(false);
            return;
        }

        health.Connected();
        try
        {
            var state = new SessionState(address, options);
            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
            {
                SubProtocol = Subprotocols.V1Json, KeepAliveInterval = limits.KeepAliveInterval,
                KeepAliveTimeout = limits.KeepAliveTimeout,
            }).ConfigureAwait(false);
            await NewSession(services,
                [socket, state, Interlocked.Increment(ref connections)]).RunAsync(stopping).ConfigureAwait(false);
        }
        finally
        {
            health.Disconnected();
            places.Give(network);
        }
    }

    private static async Task RefuseAsync(HttpContext context, int status, string reason)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync(reason).ConfigureAwait(false);
    }

    private Task RefuseOriginAsync(HttpContext context, string foreign)
    {
        // Both come from the peer, the second as its Host.
        foreign = ToShown(foreign);
        string here = ToShown(ServerOrigin.OriginOf(context.Request));
        if (originsLogged.TryTake("", out _)) log.OriginRefused(foreign, here);
        return RefuseAsync(context, StatusCodes.Status403Forbidden,
            $"Pages of {foreign} may not connect: this server is reached as {here}. Behind a proxy, start it with "
            + "--public-url and --trust-proxy; to allow another origin, with --allow-origin.");
    }

    private static string ToShown(string origin) =>
        origin.Length <= MaxOriginShown && Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri)
            ? $"{uri.Scheme}://{uri.Authority}" : "(not an address)";
}
