using System.Net;
using System.Net.Sockets;

namespace ShareRpc.TestPorts;

/// <summary>
/// A TCP port of 127.0.0.1 for another process to listen on, at once or later, also again after it was killed. It lies
/// below the ports that the system gives to whoever asks for any, and the UDP port of the same number, which is bound
/// until this is disposed, keeps other tests of this machine from it.
/// </summary>
internal sealed class HeldPort : IDisposable
{
    private const int First = 20_000;
    private const int Count = 10_000;
    private static int last = Environment.ProcessId * 61;
    private readonly Socket claim;

    public HeldPort()
    {
        for (int tries = 0; tries < Count; tries++)
        {
            Number = First + (int)((uint)Interlocked.Increment(ref last) % Count);
            if (Bind(SocketType.Dgram, ProtocolType.Udp) is not { } claimed) continue;
            using Socket? free = Bind(SocketType.Stream, ProtocolType.Tcp); // another program may be listening
            if (free is not null)
            {
                claim = claimed;
                return;
            }

            claimed.Dispose();
        }

        throw new InvalidOperationException($"no port from {First} on is free");
    }

    public int Number { get; }

    /// <summary>Gets the address of a server that listens there.</summary>
    public Uri Address => new($"http://127.0.0.1:{Number}");

    public void Dispose() => claim.Dispose();

    private Socket? Bind(SocketType type, ProtocolType protocol)
    {
        var socket = new Socket(AddressFamily.InterNetwork, type, protocol);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, Number));
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }
}
