using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using ShareRpc.Server.Http.Opencode;

namespace ShareRpc.Server.Http;

/// <summary>Which path is which endpoint.</summary>
internal sealed class HttpRoutes(HttpRequests requests, OpencodeEndpoints opencode, OpsEndpoints ops)
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
        foreach (string page in new[] { "/s/{share}", "/share/{share}" })
        {
            Map(routes, HttpMethods.Get, page, SharePage.WriteAsync);
            Map(routes, HttpMethods.Head, page, SharePage.WriteAsync);
        }
    }

    private void Map(IEndpointRouteBuilder routes, string method, string pattern, RequestDelegate endpoint) =>
        routes.MapMethods(pattern, [method], requests.Guard(endpoint));
}
