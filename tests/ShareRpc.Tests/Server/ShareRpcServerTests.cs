using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.TestHost;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Server;
using ShareRpc.Server.Hosting;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server;

/// <summary>The whole server behind the framework's in-memory server: no socket, no port.</summary>
public sealed class ShareRpcServerTests : IAsyncLifetime, IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly CancellationTokenSource timeout = new(TimeSpan.FromMinutes(3));
    private ShareRpcServer server = null!;

    public async Task InitializeAsync() => server = await ShareRpcServer.StartAsync(
        new ServerOptions { DataDirectory = directory["data"], AllowedOrigins = ["https://allowed.example"] },
        TimeProvider.System, builder => builder.WebHost.UseTestServer(), timeout.Token);

    public async Task DisposeAsync() => await server.DisposeAsync();

    public void Dispose()
    {
        directory.Dispose();
        timeout.Dispose();
    }

    [Theory]
    [InlineData("/healthz", HttpStatusCode.OK)]
    [InlineData("/readyz", HttpStatusCode.OK)]
    [InlineData("/rpc", HttpStatusCode.UpgradeRequired)]
    [InlineData("/no-such-page", HttpStatusCode.NotFound)]
    public async Task A_plain_request_is_answered_with_its_status(string path, HttpStatusCode expected)
    {
        using HttpClient client = server.App.GetTestClient();
        using HttpResponseMessage response = await client.GetAsync(new Uri(path, UriKind.Relative), timeout.Token);
        Assert.Equal(expected, response.StatusCode);
        Assert.False(response.Headers.Contains("Server"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("http://localhost")]
    [InlineData("https://allowed.example")]
    public async Task Programs_and_allowed_origins_get_the_gateway(string? origin)
    {
        using WebSocket socket = await ConnectAsync(origin, Subprotocols.V1Json);
        Assert.Equal(Subprotocols.V1Json, socket.SubProtocol);
        byte[] call = """{"jsonrpc":"2.0","id":1,"method":"redeemRoot","params":{"token":"srpc_no"}}"""u8.ToArray();
        await socket.SendAsync(call, WebSocketMessageType.Text, endOfMessage: true, timeout.Token);
        byte[] buffer = new byte[4096];
        WebSocketReceiveResult reply = await socket.ReceiveAsync(buffer, timeout.Token);

        JsonNode error = JsonNode.Parse(Encoding.UTF8.GetString(buffer, 0, reply.Count))!["error"]!;
        Assert.Equal("invalid_token", (string?)error["data"]!["code"]);
    }

    [Theory]
    [InlineData("https://evil.example", Subprotocols.V1Json)]
    [InlineData("null", Subprotocols.V1Json)]
    [InlineData("http://localhost:81", Subprotocols.V1Json)]
    [InlineData(null, "other")]
    [InlineData(null, null)]
    public async Task Other_origins_and_other_subprotocols_are_turned_away(string? origin, string? subprotocol) =>
        await Assert.ThrowsAsync<InvalidOperationException>(() => ConnectAsync(origin, subprotocol));

    private Task<WebSocket> ConnectAsync(string? origin, string? subprotocol)
    {
        WebSocketClient client = server.App.GetTestServer().CreateWebSocketClient();
        if (subprotocol is not null) client.SubProtocols.Add(subprotocol);
        if (origin is not null) client.ConfigureRequest = request => request.Headers.Origin = origin;
        return client.ConnectAsync(new Uri("ws://localhost/rpc"), timeout.Token);
    }
}
