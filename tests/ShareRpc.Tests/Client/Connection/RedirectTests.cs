using System.Net;
using System.Net.Sockets;
using System.Text;
using ShareRpc.Client;
using ShareRpc.Client.Connection;

namespace ShareRpc.Tests.Client.Connection;

/// <summary>A server that answers an upgrade with a redirect.</summary>
public sealed class RedirectTests : IDisposable
{
    private readonly CancellationTokenSource timeout = new(TimeSpan.FromMinutes(3));
    private readonly TcpListener named = Listen();
    private readonly TcpListener other = Listen();

    public void Dispose()
    {
        named.Dispose();
        other.Dispose();
        timeout.Dispose();
    }

    [Theory]
    [InlineData("ws://127.0.0.1:{0}/rpc")]
    [InlineData("http://127.0.0.1:{0}/rpc")]
    [InlineData("//127.0.0.1:{0}/rpc")]
    [InlineData("http://localhost:{0}/rpc")]
    public async Task A_client_never_follows_a_redirect_to_another_host(string location)
    {
        Task<IReadOnlyList<string>> asked = AnswerAsync([string.Format(null, location, PortOf(other))]);
        await Assert.ThrowsAsync<DisconnectedException>(
            () => WebSocketTransport.Default.ConnectAsync(new Uri($"http://127.0.0.1:{PortOf(named)}"), timeout.Token));
        Assert.False(other.Pending());
        Assert.Equal("GET /rpc HTTP/1.1", Assert.Single(await asked));
    }

    [Fact]
    public async Task A_client_follows_redirects_within_a_host_and_not_for_ever()
    {
        Task<IReadOnlyList<string>> asked = AnswerAsync(["/a/rpc", "/b/rpc", "/c/rpc", "/d/rpc"]);
        await Assert.ThrowsAsync<DisconnectedException>(
            () => WebSocketTransport.Default.ConnectAsync(new Uri($"http://127.0.0.1:{PortOf(named)}"), timeout.Token));
        Assert.Equal(
            ["GET /rpc HTTP/1.1", "GET /a/rpc HTTP/1.1", "GET /b/rpc HTTP/1.1", "GET /c/rpc HTTP/1.1"], await asked);
    }

    private static TcpListener Listen()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return listener;
    }

    private static int PortOf(TcpListener listener) => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Answers one request a location; returns the first lines of the requests.</summary>
    private async Task<IReadOnlyList<string>> AnswerAsync(string[] locations)
    {
        var lines = new List<string>();
        foreach (string location in locations)
        {
            using TcpClient client = await named.AcceptTcpClientAsync(timeout.Token);
            using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
            string line = (await reader.ReadLineAsync(timeout.Token))!;
            lines.Add(line);
            while (!string.IsNullOrEmpty(await reader.ReadLineAsync(timeout.Token)))
            {
            }

            string answer = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nConnection: close\r\n"
                + $"Location: {location}\r\n\r\n";
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(answer), timeout.Token);
        }

        return lines;
    }
}
