using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Server.Access;
using ShareRpc.Server.CapnWeb;
using ShareRpc.Server.Connections;
using ShareRpc.Server.Http;
using ShareRpc.Server.Mcp;
using ShareRpc.Server.Opencode;
using ShareRpc.Server.Pages;

namespace ShareRpc.Server.Hosting;

/// <summary>Maps the endpoints into an ASP.NET Core application.</summary>
public static class ShareRpcEndpoints
{
    private static readonly string[] OpencodeBases =
        ["/api/share", "/api/shares", "/a/{creator}/api/share", "/a/{creator}/api/shares"];

    /// <summary>
    /// Maps the WebSocket at <c>/rpc</c>, Cap'n Web at <c>/capnweb</c> and <c>/rpc/share</c>, the HTTP API, the pages,
    /// <c>/healthz</c> and <c>/readyz</c>, all below <paramref name="prefix"/> (for instance <c>/shares</c>; empty by
    /// default). Needs <c>AddShareRpcServer</c>, and no <c>UseWebSockets</c> of the application.
    /// </summary>
    public static IEndpointConventionBuilder MapShareRpc(this IEndpointRouteBuilder routes, string prefix = "")
    {
        ArgumentNullException.ThrowIfNull(routes);
        ArgumentNullException.ThrowIfNull(prefix);
        RouteGroupBuilder group = routes.MapGroup(prefix);
        group.WithMetadata(new PathPrefix(prefix.TrimEnd('/')));
        MapSocket<RpcEndpoint>(group, routes, Subprotocols.Path, rpc => rpc.HandleAsync);
        MapSocket<CapEndpoint>(group, routes, "/capnweb",
            capnweb => context => capnweb.HandleAsync(context, host => host.ToGateway()));
        MapSocket<SharesEndpoint>(group, routes, "/rpc/share", shares => shares.HandleAsync);
        MapSocket<LiveShare>(group, routes, "/ws/{share}", live => live.HandleAsync);
        group.MapHealthChecks("/healthz", new HealthCheckOptions { Predicate = _ => false });
        group.MapHealthChecks("/readyz",
            new HealthCheckOptions
            {
                Predicate = check => check.Tags.Contains(ReadyCheck.Tag),
                ResponseWriter = (context, report) => context.Response.WriteAsync(report.Entries.Values.Aggregate(
                    report.Status.ToString(), (said, entry) =>
                        entry.Description is null ? said : $"{said}: {entry.Description}")),
            });
        foreach (string start in OpencodeBases)
        {
            Map<OpencodeEndpoints>(group, HttpMethods.Post, start, opencode => opencode.CreateAsync);
            Map<OpencodeEndpoints>(group, HttpMethods.Post, start + "/{share}/sync", opencode => opencode.SyncAsync);
            Map<OpencodeEndpoints>(group, HttpMethods.Delete, start + "/{share}", opencode => opencode.DeleteAsync);
            Map<OpencodeEndpoints>(group, HttpMethods.Get, start + "/{share}/data", opencode => opencode.DataAsync);
        }

        Map<SharesEndpoint>(group, HttpMethods.Get, "/api/share/{share}", shares => shares.ShareAsync);
        Map<SharesEndpoint>(group, HttpMethods.Get, "/api/share/{share}/metadata", shares => shares.MetadataAsync);
        Map<SharesEndpoint>(group, HttpMethods.Get, "/api/sessions", shares => shares.SessionsAsync);
        Map<OpsEndpoints>(group, HttpMethods.Post, "/v1/grants", ops => ops.GrantAsync);
        Map<OpsEndpoints>(group, HttpMethods.Post, "/v1/shares/{share}/ops", ops => ops.AppendAsync);
        Map<OpsEndpoints>(group, HttpMethods.Get, "/v1/shares/{share}/ops", ops => ops.ReadAsync);
        Map<OpsEndpoints>(group, HttpMethods.Get, "/v1/shares/{share}/state", ops => ops.StateAsync);
        Map<OpsEndpoints>(group, HttpMethods.Get, "/v1/shares/{share}/search", ops => ops.SearchAsync);
        Map<PreviewEndpoint>(
            group, HttpMethods.Post, "/v1/shares/{share}/previews", previews => previews.SignAsync);
        Map<McpEndpoint>(group, HttpMethods.Post, "/mcp", mcp => mcp.PostAsync);
        // A host that has a page of its own there keeps it.
        MapPage(group, "/", pages => pages.LandingAsync, order: 1);
        MapPage(group, "/s/{share}", pages => pages.ViewerAsync);
        MapPage(group, "/share/{share}", pages => pages.ViewerAsync);
        MapPage(group, "/admin", pages => pages.AdminAsync);
        MapPage(group, "/assets/{name}", pages => pages.AssetAsync);
        return group;
    }

    /// <summary>Maps an endpoint of WebSockets, which sees other requests too.</summary>
    private static void MapSocket<T>(RouteGroupBuilder group, IEndpointRouteBuilder routes, string pattern,
        Func<T, RequestDelegate> endpoint)
        where T : notnull => group.Map(pattern, routes.CreateApplicationBuilder().UseWebSockets()
            .Use(_ => context => endpoint(context.RequestServices.GetRequiredService<T>())(context)).Build());

    private static void MapPage(
        RouteGroupBuilder group, string pattern, Func<PageEndpoints, RequestDelegate> endpoint, int order = 0)
    {
        foreach (string method in (string[])[HttpMethods.Get, HttpMethods.Head])
            Map(group, method, pattern, endpoint).Add(builder => ((RouteEndpointBuilder)builder).Order = order);
    }

    private static IEndpointConventionBuilder Map<T>(RouteGroupBuilder group, string method, string pattern,
        Func<T, RequestDelegate> endpoint)
        where T : notnull => group.MapMethods(pattern, [method], (RequestDelegate)(context =>
    {
        IServiceProvider services = context.RequestServices;
        return services.GetRequiredService<HttpRequests>().HandleAsync(context,
            endpoint(services.GetRequiredService<T>()));
    }));
}
