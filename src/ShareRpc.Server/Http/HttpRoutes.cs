using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using ShareRpc.Server.Http.Opencode;

namespace ShareRpc.Server.Http;

/// <summary>Which path is which endpoint.</summary>
internal sealed class HttpRoutes(HttpRequests requests, OpencodeEndpoints opencode)
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
    }

    private void Map(IEndpointRouteBuilder routes, string method, string pattern, RequestDelegate endpoint) =>
        routes.MapMethods(pattern, [method], requests.Guard(endpoint));
}
