using Microsoft.AspNetCore.Http;

namespace ShareRpc.Server.Http;

/// <summary>Scheme, host and port that links carry: those of the request, or what the server was told that it is reached by.</summary>
internal sealed class PublicOrigin(Uri? configured)
{
    public string Of(HttpRequest request) => configured?.GetLeftPart(UriPartial.Authority) ?? $"{request.Scheme}://{request.Host}";
}
