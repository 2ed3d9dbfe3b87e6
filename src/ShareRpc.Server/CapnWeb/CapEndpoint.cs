using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using ShareRpc.Server.Access;
using ShareRpc.Server.CapnWeb.Values;
using ShareRpc.Server.Connections;
using ShareRpc.Server.Connections.Handles;
using ShareRpc.Server.Http;

namespace ShareRpc.Server.CapnWeb;

/// <summary>Serves Cap'n Web at a path: sessions over a WebSocket, and batches by POST.</summary>
internal sealed class CapEndpoint(SocketAdmission admission, ClientAddress addresses, HttpRequests requests)
{
    private static readonly ObjectFactory<CapSocket> NewSocket = ActivatorUtilities.CreateFactory<CapSocket>(
        [typeof(WebSocket), typeof(SessionState), typeof(long)]);

    /// <summary>Serves a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="main">Makes the object that the peer begins with.</param>
    /// <param name="isProven">Whether the peer has shown a key: then it need not redeem anything in time.</param>
    public async Task HandleAsync(HttpContext context, Func<CapHost, CapTarget> main, bool isProven = false)
    {
        addresses.Apply(context);
        if (await admission.TryRefuseOriginAsync(context).ConfigureAwait(false)) return;
        if (context.WebSockets.IsWebSocketRequest)
        {
            await admission.ServeAsync(context, subprotocol: null, (socket, state, connection, stopping) =>
            {
                if (isProven) state.Prove();
                return NewSocket(context.RequestServices, [socket, state, connection])
                    .RunAsync(context, main, stopping);
            }).ConfigureAwait(false);
        }
        else if (HttpMethods.IsPost(context.Request.Method))
        {
            await requests.HandleAsync(context, _ =>
                context.RequestServices.GetRequiredService<CapBatch>().HandleAsync(context, main, isProven))
                .ConfigureAwait(false);
        }
        else
        {
            await SocketAdmission.RefuseAsync(context, StatusCodes.Status426UpgradeRequired,
                "This is an endpoint of Cap'n Web: open a WebSocket, or POST a batch.").ConfigureAwait(false);
        }
    }
}
