using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using ShareRpc.Server.Http;
using ShareRpc.Server.Opencode;
using ShareRpc.Server.Pages;

namespace ShareRpc.Server.Hosting;

/// <summary>Which path is which endpoint.</summary>
internal sealed class HttpRoutes(HttpRequests requests, OpencodeEndpoints opencode, OpsEndpoints ops, PageEndpoints pages)
{
    private static readonly string[] Bases = ["/api/share", "/api/shares", "/a/{creator}/api/share", "/a/{creator}/api/shares"];

    public void Map(IEndpointRouteBuilder routes)
    {
        foreach (string start in Bases)
        {
            Map(routes, HttpMethods.Post, start, opencode.CreateAsync);
            Map(routes, HttpMethods.Post, start + "/{share}/sync", opencode.SyncAsync);
            Map(routes, HttpMethods.Delete, start + "/{share}", opencode.DeleteAsync);
            Map(routes, HttpMethods.Get, start + "/{share}/data", opencode.DataAsync);
        }

        Map(routes, HttpMethods.Post, "/v1/shares/{share}/ops", ops.AppendAsync);
        Map(routes, HttpMethods.Get, "/v1/shares/{share}/ops", ops.ReadAsync);
        Map(routes, HttpMethods.Get, "/v1/shares/{share}/state", ops.StateAsync);
        MapPage(routes, "/s/{share}", pages.ViewerAsync);
        MapPage(routes, "/share/{share}", pages.ViewerAsync);
        MapPage(routes, "/admin", pages.AdminAsync);
        MapPage(routes, "/assets/{name}", pages.AssetAsync);
    }

    private void MapPage(IEndpointRouteBuilder routes, string pattern, RequestDelegate endpoint)
    {
        Map(routes, HttpMethods.Get, pattern, endpoint);
        Map(routes, HttpMethods.Head, pattern, endpoint);
    }

    private void Map(IEndpointRouteBuilder routes, string method, string pattern, RequestDelegate endpoint) =>
        routes.MapMethods(pattern, [method], requests.Guard(endpoint));
}
