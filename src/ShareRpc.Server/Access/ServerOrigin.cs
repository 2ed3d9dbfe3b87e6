using Microsoft.AspNetCore.Http;

namespace ShareRpc.Server.Access;

/// <summary>
/// The origin that people reach the server by: <see cref="ServerOptions.PublicUrl"/>, else what the request was sent
/// to, as trusted proxies tell it.
/// </summary>
internal sealed class ServerOrigin(ServerOptions options)
{
    private readonly string? publicUrl = options.PublicUrl?.GetLeftPart(UriPartial.Path).TrimEnd('/');

    /// <summary>Returns the start of links: origin, and the path below which the endpoints are.</summary>
    public string BaseOf(HttpRequest request)
    {
        if (publicUrl is not null && options.PublicUrl!.AbsolutePath != "/") return publicUrl;
        string? prefix = request.HttpContext.GetEndpoint()?.Metadata.GetMetadata<PathPrefix>()?.Path;
        return (publicUrl ?? OriginOf(request)) + request.PathBase + prefix;
    }

    /// <summary>
    /// Returns the Origin of the request if it may not connect, else null. Programs send none; a browser's must be the
    /// server's own, or be allowed by name.
    /// </summary>
    public string? FindForeign(HttpRequest request)
    {
        string? origin = request.Headers.Origin;
        bool isOwn = string.IsNullOrEmpty(origin) || IsSame(origin, OriginOf(request))
            || (options.PublicUrl is { } url && IsSame(origin, url.GetLeftPart(UriPartial.Authority)))
            || options.AllowedOrigins.Any(allowed => IsSame(origin, allowed.TrimEnd('/')));
        return isOwn ? null : origin;
    }

    /// <summary>Returns the origin that a request was sent to, without a default port.</summary>
    public static string OriginOf(HttpRequest request)
    {
        string origin = $"{request.Scheme}://{request.Host}";
        return Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri) ? uri.GetLeftPart(UriPartial.Authority) : origin;
    }

    private static bool IsSame(string one, string other) =>
        string.Equals(one, other, StringComparison.OrdinalIgnoreCase);
}

/// <summary>Says below which path the endpoints of the server were mapped; empty for the root.</summary>
internal sealed record PathPrefix(string Path);
