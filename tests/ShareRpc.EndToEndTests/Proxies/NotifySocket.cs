using System.Net.Sockets;
using System.Text;

namespace ShareRpc.EndToEndTests.Proxies;

/// <summary>Stands in for systemd where a service says what state it is in.</summary>
internal sealed class NotifySocket : IDisposable
{
    private readonly Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly byte[] buffer = new byte[4_096];

    public NotifySocket(string path)
    {
        Path = path;
        socket.Bind(new UnixDomainSocketEndPoint(path));
        File.SetUnixFileMode(path, (UnixFileMode)0x1B6); // 0666: the service is somebody else
    }

    public string Path { get; }

    /// <summary>Returns the next message.</summary>
    public async Task<string> ReadAsync(CancellationToken cancellationToken)
    {
        int length = await socket.ReceiveAsync(buffer, cancellationToken);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    public void Dispose() => socket.Dispose();
}
