using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Server;
using ShareRpc.Server.Hosting;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Hosting;

/// <summary>What the server takes for its own origin and address when a TLS proxy stands in front of it.</summary>
public sealed class BehindProxyTests : IDisposable
{
    private const string Proxy = "10.0.0.1";
    private readonly TemporaryDirectory directory = new();
    private readonly CancellationTokenSource timeout = new(TimeSpan.FromMinutes(3));

    [Theory]
    [InlineData("https://share.example.org", null, "https://share.example.org", "")]
    [InlineData("https://share.example.org:8443", null, "https://share.example.org:8443", "")]
    [InlineData("https://example.org/shares", null, "https://example.org", "")]
    [InlineData("https://share.example.org", null, "http://127.0.0.1:8787", "")] // by its own address, too
    [InlineData(null, Proxy, "https://share.example.org",
        "X-Forwarded-Proto: https; X-Forwarded-Host: share.example.org")]
    [InlineData(null, Proxy, "https://share.example.org",
        "X-Forwarded-For: 192.0.2.7:4711; X-Forwarded-Proto: https; X-Forwarded-Host: share.example.org:443")]
    [InlineData(null, Proxy, "https://127.0.0.1:8787", "X-Forwarded-Proto: https")]
    [InlineData(null, "10.0.0.0/8", "https://127.0.0.1:8787",
        "X-Forwarded-For: [2001:db8::7]:4711, 10.1.1.1; X-Forwarded-Proto: https")]
    public async Task The_origin_that_people_see_may_connect(string? publicUrl, string? trusted, string origin,
        string headers)
    {
        await using ShareRpcServer server = await StartAsync(publicUrl, trusted);
        using WebSocket socket = await ConnectAsync(server, origin, headers);
        Assert.Equal(WebSocketState.Open, socket.State);
    }

    [Theory]
    [InlineData("https://share.example.org", null, "https://evil.example", "")]
    [InlineData("https://share.example.org", null, "http://share.example.org", "")]
    [InlineData("https://share.example.org", null, "https://share.example.org.evil.example", "")]
    [InlineData(null, null, "https://share.example.org",
        "X-Forwarded-Proto: https; X-Forwarded-Host: share.example.org")]
    [InlineData(null, "10.0.0.2", "https://share.example.org",
        "X-Forwarded-Proto: https; X-Forwarded-Host: share.example.org")]
    [InlineData(null, Proxy, "https://evil.example", "X-Forwarded-Proto: https; X-Forwarded-Host: share.example.org")]
    [InlineData("https://share.example.org", Proxy, "null", "X-Forwarded-Proto: https")]
    public async Task Another_origin_is_refused_and_named(string? publicUrl, string? trusted, string origin,
        string headers)
    {
        var log = new CapturedLogs();
        await using ShareRpcServer server = await StartAsync(publicUrl, trusted, log: log);
        await Assert.ThrowsAsync<InvalidOperationException>(() => ConnectAsync(server, origin, headers));

        HttpContext asked = await server.App.GetTestServer().SendAsync(
            context => Prepare(context.Request, origin, headers, HttpMethods.Post, "/rpc"), timeout.Token);

        Assert.Equal(StatusCodes.Status403Forbidden, asked.Response.StatusCode);
        string said = await new StreamReader(asked.Response.Body, Encoding.UTF8).ReadToEndAsync(timeout.Token);
        string named = origin == "null" ? "(not an address)" : origin;
        Assert.Contains(named, said, StringComparison.Ordinal);
        Assert.Contains("--allow-origin", said, StringComparison.Ordinal);
        Assert.Contains(log.Lines, line => line.Contains(named, StringComparison.Ordinal)
            && line.Contains("--public-url", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_host_of_any_length_is_not_logged()
    {
        var log = new CapturedLogs();
        await using ShareRpcServer server = await StartAsync(null, null, log: log);
        await server.App.GetTestServer().SendAsync(context =>
        {
            Prepare(context.Request, "https://evil.example", "", HttpMethods.Post, "/rpc");
            context.Request.Host = new HostString(new string('h', 5_000));
        }, timeout.Token);
        string line = Assert.Single(log.Lines, line => line.Contains("evil.example", StringComparison.Ordinal));
        Assert.DoesNotContain("hhh", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_flood_of_refused_origins_does_not_fill_the_log()
    {
        var log = new CapturedLogs();
        await using ShareRpcServer server = await StartAsync(null, null, log: log);
        for (int i = 0; i < 50; i++)
            await Assert.ThrowsAsync<InvalidOperationException>(() =>
                ConnectAsync(server, $"https://evil{i}.example", ""));
        Assert.InRange(log.Lines.Count(line => line.Contains("evil", StringComparison.Ordinal)), 1, 6);
    }

    [Theory]
    [InlineData("https://share.example.org", null, "", "/", "https://share.example.org/share/")]
    [InlineData("https://example.org/shares/", null, "", "/",
        "https://example.org/shares/share/")] // the proxy takes it off
    [InlineData("https://example.org/shares", null, "", "/shares/", "https://example.org/shares/share/")] // or not
    [InlineData(null, Proxy,
        "X-Forwarded-Proto: https; X-Forwarded-Host: example.org; X-Forwarded-Prefix: /shares", "/",
        "https://example.org/shares/share/")]
    public async Task Links_start_with_the_address_that_people_see(string? publicUrl, string? trusted, string headers,
        string path, string start)
    {
        await using ShareRpcServer server = await StartAsync(publicUrl, trusted);

        HttpContext made = await server.App.GetTestServer().SendAsync(context =>
        {
            Prepare(context.Request, null, headers, HttpMethods.Post, path + "api/share");
            context.Request.ContentType = "application/json";
            context.Request.Body = new MemoryStream("""{"sessionID":"ses"}"""u8.ToArray());
            context.Request.ContentLength = context.Request.Body.Length;
        }, timeout.Token);

        Assert.Equal(StatusCodes.Status200OK, made.Response.StatusCode);
        using JsonDocument answer = await JsonDocument.ParseAsync(made.Response.Body, default, timeout.Token);
        Assert.StartsWith(start, answer.RootElement.GetProperty("url").GetString(), StringComparison.Ordinal);
    }

    public void Dispose()
    {
        directory.Dispose();
        timeout.Dispose();
    }

    private static void Prepare(HttpRequest request, string? origin, string headers, string? method = null,
        string? path = null)
    {
        request.Host = new HostString("127.0.0.1:8787");
        request.HttpContext.Connection.RemoteIpAddress = IPAddress.Parse(Proxy);
        if (method is not null) request.Method = method;
        if (path is not null) request.Path = path;
        if (origin is not null) request.Headers.Origin = origin;
        foreach (string header in headers.Split(';',
            StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = header.Split(':', 2, StringSplitOptions.TrimEntries);
            request.Headers[parts[0]] = parts[1];
        }
    }

    private Task<ShareRpcServer> StartAsync(string? publicUrl, string? trusted, CapturedLogs? log = null) =>
        ShareRpcServer.StartAsync(
        new ServerOptions
        {
            DataDirectory = directory["data"], PublicUrl = publicUrl is null ? null : new Uri(publicUrl),
            OpenCreation = true,
            TrustedProxies = trusted is null ? [] : [trusted],
        },
        TimeProvider.System,
        builder =>
        {
            builder.WebHost.UseTestServer();
            if (log is not null) builder.Logging.AddProvider(log);
        },
        timeout.Token);

    private Task<WebSocket> ConnectAsync(ShareRpcServer server, string origin, string headers)
    {
        WebSocketClient client = server.App.GetTestServer().CreateWebSocketClient();
        client.SubProtocols.Add(Subprotocols.V1Json);
        client.ConfigureRequest = request => Prepare(request, origin, headers);
        return client.ConnectAsync(new Uri("ws://127.0.0.1:8787/rpc"), timeout.Token);
    }
}
