using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Server.Access;
using ShareRpc.Server.Connections.Handles;

namespace ShareRpc.Server.Connections;

internal sealed class RpcEndpoint(ClientAddress addresses, SocketAdmission admission, IServiceProvider services)
{
    private static readonly ObjectFactory<RpcSession> NewSession =
        ActivatorUtilities.CreateFactory<RpcSession>([typeof(WebSocket), typeof(SessionState), typeof(long)]);

    public async Task HandleAsync(HttpContext context)
    {
        addresses.Apply(context);

        // First, so that a page whose socket was refused can ask by a POST why.
        if (await admission.TryRefuseOriginAsync(context).ConfigureAwait(false)) return;
        if (!context.WebSockets.IsWebSocketRequest)
        {
            await SocketAdmission.RefuseAsync(context, StatusCodes.Status426UpgradeRequired,
                "This is a WebSocket endpoint.").ConfigureAwait(false);
            return;
        }

        if (!context.WebSockets.WebSocketRequestedProtocols.Contains(Subprotocols.V1Json))
        {
            await SocketAdmission.RefuseAsync(
                context, StatusCodes.Status400BadRequest,
                $"Ask for the subprotocol {Subprotocols.V1Json}.").ConfigureAwait(false);
            return;
        }

        await admission.ServeAsync(context, Subprotocols.V1Json, (socket, state, connection, stopping) =>
            NewSession(services, [socket, state, connection]).RunAsync(stopping)).ConfigureAwait(false);
    }
}
