using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using ShareRpc.Server.CapnWeb.Targets;
using ShareRpc.Server.CapnWeb.Values;
using ShareRpc.Server.Connections;
using ShareRpc.Server.Connections.Handles;

namespace ShareRpc.Server.CapnWeb;

/// <summary>What the first object of a session is made with.</summary>
/// <param name="Context">The request that began the session; good while it lasts.</param>
/// <param name="State">Owns the handles of the session.</param>
/// <param name="WrongTokens">Looks at tokens.</param>
/// <param name="Ended">Ends the waits of calls.</param>
internal sealed record CapHost(
    HttpContext Context, SessionState State, WrongTokens WrongTokens, CancellationToken Ended)
{
    private static readonly ObjectFactory<Gateway> NewGateway = ActivatorUtilities.CreateFactory<Gateway>(
        [typeof(SessionState), typeof(WrongTokens)]);

    /// <summary>Returns the gateway of SPEC section 5.</summary>
    public CapTarget ToGateway() =>
        new GatewayTarget(NewGateway(Context.RequestServices, [State, WrongTokens]), WrongTokens,
            canPush: State.Subscriptions is not null, Ended);
}
