using System.Net;
using System.Net.Sockets;

namespace ShareRpc.Server.Hosting;

/// <summary>Says why the server cannot listen, by trying each of its addresses.</summary>
internal static class ListenFailure
{
    /// <summary>Returns the exception for whoever starts the server; null if the failure is of another kind.</summary>
    public static ServerStartException? Explain(Exception failure, string urls)
    {
        if (failure is not (IOException or SocketException)) return null;
        return Find(urls) ?? new ServerStartException($"Cannot listen on {urls}. Name another address with --urls.");
    }

    /// <summary>Returns why one of the addresses cannot be listened on now; null if all can.</summary>
    public static ServerStartException? Find(string urls)
    {
        foreach (string url in urls.Split(';'))
        {
            if (ErrorOf(new Uri(url)) is { } error) return new ServerStartException(Describe(error, url));
        }

        return null;
    }

    public static string Describe(SocketError error, string url) => error switch
    {
        SocketError.AccessDenied =>
            $"This user may not listen on {url}: ports below 1024 need a right. Choose a port from 1024 with --urls, "
                + "behind a proxy if need be, or give the right (AmbientCapabilities=CAP_NET_BIND_SERVICE in a systemd "
                + "unit).",
        SocketError.AddressNotAvailable =>
            $"{url} is not an address of this machine. Name one of its own with --urls, or 0.0.0.0 for all of them.",
        SocketError.AddressFamilyNotSupported =>
            $"This machine does not support the kind of address of {url}. Name another with --urls.",
        SocketError.AddressAlreadyInUse =>
            $"Another program listens on {url} already. Stop it, or name another port with --urls.",
        _ => $"Cannot listen on {url} ({error}). Name another address with --urls.",
    };

    private static SocketError? ErrorOf(Uri url)
    {
        IPAddress address = IPAddress.TryParse(url.IdnHost, out IPAddress? parsed) ? parsed : IPAddress.Loopback;
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(address, url.Port));
            socket.Listen();
            return null;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode;
        }
    }
}
