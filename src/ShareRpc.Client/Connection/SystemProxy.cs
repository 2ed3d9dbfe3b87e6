using System.Net;

namespace ShareRpc.Client.Connection;

/// <summary>The proxy that the environment names (<c>HTTP_PROXY</c>, <c>NO_PROXY</c> and so on).</summary>
internal static class SystemProxy
{
    /// <summary>Returns the proxy; null for a server on this machine, which is always reached directly.</summary>
    public static IWebProxy? For(Uri server) => IsHere(server) ? null : HttpClient.DefaultProxy;

    /// <summary>Returns the address of the proxy, without user and password; null if none is used.</summary>
    public static Uri? AddressFor(Uri endpoint)
    {
        if (For(endpoint) is not { } proxy || proxy.IsBypassed(endpoint)) return null;
        return proxy.GetProxy(endpoint) is { } address && address != endpoint
            ? new UriBuilder(address) { UserName = "", Password = "" }.Uri : null;
    }

    /// <summary>Returns whether an address means this machine; a listener on any address is one, too.</summary>
    private static bool IsHere(Uri server)
    {
        if (server.IsLoopback || server.IdnHost.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)) return true;
        if (!IPAddress.TryParse(server.IdnHost, out IPAddress? address)) return false;
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return IPAddress.IsLoopback(address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
    }
}
