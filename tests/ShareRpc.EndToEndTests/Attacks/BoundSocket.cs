using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.RegularExpressions;

namespace ShareRpc.EndToEndTests.Attacks;

/// <summary>Connections from an address of the loopback network, so that one machine is many.</summary>
internal static partial class BoundSocket
{
    public static async Task<NetworkStream> ConnectAsync(Uri server, IPAddress from, CancellationToken ended)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.Bind(new IPEndPoint(from, 0));
            await socket.ConnectAsync(IPAddress.Loopback, server.Port, ended);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Upgrades; an answer other than 101 is a <see cref="WebSocketException"/>.</summary>
    public static async Task<WebSocket> UpgradeAsync(Uri server, IPAddress from, CancellationToken ended)
    {
        NetworkStream stream = await ConnectAsync(server, from, ended);
        string head = $"GET /rpc HTTP/1.1\r\nHost: {server.Authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Protocol: sharerpc.v1.json\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head), ended);
        var answer = new StringBuilder();
        byte[] one = new byte[1];
        while (!answer.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one, ended) == 0) throw new WebSocketException("closed");
            answer.Append((char)one[0]);
        }

        if (!answer.ToString().StartsWith("HTTP/1.1 101", StringComparison.Ordinal))
        {
            await stream.DisposeAsync();
            throw new WebSocketException("no room");
        }

        return WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = false });
    }

    /// <summary>Upgrades and redeems a share; the number of the handle.</summary>
    public static async Task<(WebSocket Socket, string Handle)> RedeemAsync(
        Uri server, IPAddress from, string token, string more, CancellationToken ended)
    {
        WebSocket socket = await UpgradeAsync(server, from, ended);
        await SendAsync(socket, $$"""
            {"jsonrpc":"2.0","id":0,"method":"redeemShare","params":{"token":"{{token}}"{{more}} } }
            """, ended);
        Match handle = HandleNumber().Match(await ReceiveAsync(socket, ended));
        if (!handle.Success) throw new WebSocketException("refused");
        return (socket, handle.Groups[1].Value);
    }

    public static async Task SendAsync(WebSocket socket, string text, CancellationToken ended) =>
        await socket.SendAsync(Encoding.UTF8.GetBytes(text).AsMemory(), WebSocketMessageType.Text, true, ended);

    /// <summary>The start of the next message.</summary>
    public static async Task<string> ReceiveAsync(WebSocket socket, CancellationToken ended)
    {
        byte[] buffer = new byte[8 * 1024];
        string? text = null;
        while (true)
        {
            ValueWebSocketReceiveResult part = await socket.ReceiveAsync(buffer.AsMemory(), ended);
            if (part.MessageType == WebSocketMessageType.Close) throw new WebSocketException("closed");
            text ??= Encoding.UTF8.GetString(buffer, 0, part.Count);
            if (part.EndOfMessage) return text;
        }
    }

    [GeneratedRegex("\"handle\":(\\d+)")]
    private static partial Regex HandleNumber();
}
