using Microsoft.AspNetCore.Http;

namespace ShareRpc.Server.Http;

/// <summary>
/// The start of the links that the server makes: the origin of the request, or what the server was told that it is reached by, and the
/// path below which its endpoints are.
/// </summary>
internal sealed class PublicOrigin(ServerOptions options)
{
    public string Of(HttpRequest request)
    {
        string origin = options.PublicUrl?.GetLeftPart(UriPartial.Authority) ?? $"{request.Scheme}://{request.Host}";
        return origin + request.PathBase + request.HttpContext.GetEndpoint()?.Metadata.GetMetadata<PathPrefix>()?.Path;
    }
}

/// <summary>Says below which path the endpoints of the server were mapped; empty for the root.</summary>
internal sealed record PathPrefix(string Path);
