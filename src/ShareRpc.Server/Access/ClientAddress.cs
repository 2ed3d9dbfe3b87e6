using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ShareRpc.Server.Access;

/// <summary>
/// Where a request came from, for the audit trail and the limits. Behind trusted proxies it is what they saw, and so
/// are the scheme, the host and the path that the request was sent to; the headers of others are ignored.
/// </summary>
internal sealed class ClientAddress
{
    private const int NetworkBytes = 8;
    private readonly ForwardedHeadersMiddleware? forwarded;

    public ClientAddress(ServerOptions options, ILoggerFactory logs)
    {
        if (options.TrustedProxies.Count == 0) return;
        var headers = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.All, ForwardLimit = null };
        headers.KnownProxies.Clear();
        headers.KnownIPNetworks.Clear();
        foreach (string proxy in options.TrustedProxies)
            headers.KnownIPNetworks.Add(ServerOptions.FindNetwork(proxy)!.Value);
        forwarded = new ForwardedHeadersMiddleware(_ => Task.CompletedTask, logs, Options.Create(headers));
    }

    /// <summary>Applies the <c>X-Forwarded-*</c> headers of trusted proxies. Called once a request, first.</summary>
    public void Apply(HttpContext context) => forwarded?.ApplyForwarders(context);

    public static string? Of(HttpContext context) => context.Connection.RemoteIpAddress is not { } address
        ? null
        : (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();

    /// <summary>Returns the key for limits: the IPv4 address, or the IPv6 network, which one holder owns.</summary>
    public static string NetworkOf(string? address)
    {
        bool isV6 = IPAddress.TryParse(address, out IPAddress? parsed)
            && parsed.AddressFamily == AddressFamily.InterNetworkV6;
        if (!isV6) return address ?? "";
        byte[] bytes = parsed!.GetAddressBytes();
        Array.Clear(bytes, NetworkBytes, bytes.Length - NetworkBytes);
        return new IPAddress(bytes).ToString();
    }
}
