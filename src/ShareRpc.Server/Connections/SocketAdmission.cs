using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Connections.Handles;
using ShareRpc.Server.Memory;

namespace ShareRpc.Server.Connections;

/// <summary>
/// Lets WebSockets in, of whatever protocol: from pages that may connect, while there is room and memory.
/// </summary>
internal sealed class SocketAdmission(
    ServerOptions options, ServerHealth health, ServerOrigin own, DrainSignal drain, MemoryBudget memory,
    TimeProvider time, ILogger<SocketAdmission> log)
{
    private const int MaxOriginShown = 200;

    /// <summary>What a connection takes by itself.</summary>
    private const int IdleBytes = 32 * 1024;

    private const int RefusedOriginsLoggedPerMinute = 6;

    private readonly ServerLimits limits = options.ServerLimits;
    private readonly RateLimiter originsLogged = new(RefusedOriginsLoggedPerMinute, maxKeys: 1, time);
    private readonly FairPlaces places = new(options.ServerLimits.Connections);
    private long connections;

    public static async Task RefuseAsync(HttpContext context, int status, string reason)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync(reason).ConfigureAwait(false);
    }

    /// <summary>Refuses a page of another origin; false if it may connect.</summary>
    public async ValueTask<bool> TryRefuseOriginAsync(HttpContext context)
    {
        if (own.FindForeign(context.Request) is not { } foreign) return false;

        // Both come from the peer, the second as its Host.
        foreign = ToShown(foreign);
        string here = ToShown(ServerOrigin.OriginOf(context.Request));
        if (originsLogged.TryTake("", out _)) log.OriginRefused(foreign, here);
        await RefuseAsync(context, StatusCodes.Status403Forbidden,
            $"Pages of {foreign} may not connect: this server is reached as {here}. Behind a proxy, start it with "
            + "--public-url and --trust-proxy; to allow another origin, with --allow-origin.").ConfigureAwait(false);
        return true;
    }

    /// <summary>Accepts a WebSocket and serves it until it ends; 503 when there is no room.</summary>
    public async Task ServeAsync(HttpContext context, string? subprotocol,
        Func<WebSocket, SessionState, long, CancellationToken, Task> serve)
    {
        CancellationToken stopping = drain.Token;
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
                SubProtocol = subprotocol, KeepAliveInterval = limits.KeepAliveInterval,
                KeepAliveTimeout = limits.KeepAliveTimeout,
            }).ConfigureAwait(false);
            await serve(socket, state, Interlocked.Increment(ref connections), stopping).ConfigureAwait(false);
        }
        finally
        {
            health.Disconnected();
            places.Give(network);
        }
    }

    private static string ToShown(string origin) =>
        origin.Length <= MaxOriginShown && Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri)
            ? $"{uri.Scheme}://{uri.Authority}" : "(not an address)";
}
