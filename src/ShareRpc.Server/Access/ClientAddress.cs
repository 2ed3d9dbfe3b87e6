using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;

namespace ShareRpc.Server.Access;

/// <summary>
/// Where a request came from, for the audit trail and the limits. Behind a proxy that the server was told to trust, it is what that proxy
/// saw; nobody else's word about it counts.
/// </summary>
internal sealed class ClientAddress(ServerOptions options)
{
    private const int NetworkBytes = 8;
    private readonly HashSet<IPAddress> trusted = [.. options.TrustedProxies.Select(Plain)];

    /// <summary>The address as text; null when the transport has none.</summary>
    public string? Of(HttpContext context)
    {
        if (context.Connection.RemoteIpAddress is not { } remote) return null;
        IPAddress address = Plain(remote);
        if (trusted.Contains(address) && IPAddress.TryParse(LastForwarded(context.Request), out IPAddress? seen)) address = Plain(seen);
        return address.ToString();
    }

    /// <summary>What shares a limit: an IPv4 address, or the network of an IPv6 one, since its holder has all of that.</summary>
    public static string NetworkOf(string? address)
    {
        if (!IPAddress.TryParse(address, out IPAddress? parsed) || parsed.AddressFamily !=
            AddressFamily.InterNetworkV6) return address ?? "";
        byte[] bytes = parsed.GetAddressBytes();
        Array.Clear(bytes, NetworkBytes, bytes.Length - NetworkBytes);
        return new IPAddress(bytes).ToString();
    }

    /// <summary>The entry that the proxy itself added: those before it are whatever the client claimed.</summary>
    private static string? LastForwarded(HttpRequest request) =>
        request.Headers["X-Forwarded-For"] is { Count: > 0 } values ? values[^1]?.Split(',')[^1].Trim() : null;

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
