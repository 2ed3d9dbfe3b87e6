using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Hosting;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Protocol.Wire;

namespace ShareRpc.Tests.Server.Hosting;

/// <summary>The server as a part of somebody else's application, which listens and logs as it likes.</summary>
public sealed class EmbeddedServerTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly CancellationTokenSource timeout = new(TimeSpan.FromMinutes(3));

    [Theory]
    [InlineData("")]
    [InlineData("/tools/shares")]
    public async Task An_application_serves_shares_beside_its_own_endpoints_below_a_prefix(string prefix)
    {
        await using WebApplication app = Build(options => options.DataDirectory = directory["data"]);
        app.MapGet("/own", () => "own");
        app.MapShareRpc(prefix);
        await app.StartAsync(timeout.Token);
        using HttpClient http = app.GetTestClient();
        Assert.Equal("own", await http.GetStringAsync(new Uri("/own", UriKind.Relative), timeout.Token));
        foreach (string path in new[] { "/healthz", "/readyz" })
        {
            Assert.Equal("Healthy", await http.GetStringAsync(new Uri(prefix + path, UriKind.Relative), timeout.Token));
        }

        Assert.True(ShareToken.TryParse((await File.ReadAllTextAsync(directory["data/root.token"])).Trim(),
            out ShareToken? root));
        ShareToken owner = ShareToken.New(RandomId.New());
        using WireConnection connection = await ConnectAsync(app, prefix);
        JsonElement redeemed = await connection.ResultAsync("redeemRoot", $$"""{"token":"{{root.Reveal()}}"}""");
        await new WireHandle(connection, redeemed.GetProperty("root").GetProperty("handle").GetInt64(),
            redeemed).ResultAsync(
            "createShare",
            $$"""{"share_id":"{{RandomId.New()}}","cap_id":"{{owner.CapId}}","token_digest":"{{owner.Digest}}"}""");
        redeemed = await connection.ResultAsync("redeemShare", $$"""{"token":"{{owner.Reveal()}}"}""");
        var share = new WireHandle(connection, redeemed.GetProperty("share").GetProperty("handle").GetInt64(),
            redeemed);
        Assert.Equal(1, (await share.ResultAsync("appendOps", LiveServer.Batch("a"))).GetProperty("cursor").GetInt64());

        Uri create = new($"{prefix}/a/{root.Reveal()}/api/share", UriKind.Relative);
        using var content = new StringContent("""{"sessionID":"ses"}""", Encoding.UTF8, "application/json");
        using HttpResponseMessage made = await http.PostAsync(create, content, timeout.Token);
        Assert.Equal(HttpStatusCode.OK, made.StatusCode);
        using JsonDocument answer = JsonDocument.Parse(await made.Content.ReadAsStringAsync(timeout.Token));
        Assert.StartsWith($"http://localhost{prefix}/share/", answer.RootElement.GetProperty("url").GetString(),
            StringComparison.Ordinal);
        await app.StopAsync(timeout.Token);
    }

    [Fact]
    public async Task The_configuration_of_the_application_holds_options()
    {
        await using WebApplication app = Build(configure: null, new()
        {
            ["ShareRpc:DataDirectory"] = directory["data"], ["ShareRpc:ServerLimits:QueueItems"] = "77",
            ["ShareRpc:OpenCreation"] = "true",
        });
        app.MapShareRpc();
        await app.StartAsync(timeout.Token);
        ServerOptions options = app.Services.GetRequiredService<ServerOptions>();
        Assert.Equal((77, true, ServerLimits.Default.QueueBytes), (
            options.ServerLimits.QueueItems, options.OpenCreation, options.ServerLimits.QueueBytes));
        Assert.NotEqual(77, ServerLimits.Default.QueueItems);
        Assert.True(File.Exists(directory["data/root.token"]));
        await app.StopAsync(timeout.Token);
    }

    [Theory]
    [InlineData("DataDirectory", "")]
    [InlineData("CompactAfterOps", "0")]
    [InlineData("TrustedProxies:0", "nonsense", "TrustedProxies")]
    [InlineData("PublicUrl", "https://share.example.org/path?query")]
    [InlineData("PublicUrl", "https://user@share.example.org")]
    [InlineData("PublicUrl", "ftp://share.example.org")]
    [InlineData("AllowedOrigins:0", "https://share.example.org/path", "AllowedOrigins")]
    public async Task A_host_with_a_mistake_in_the_options_does_not_start_and_names_it(
        string option, string value, string? named = null)
    {
        var settings = new Dictionary<string, string?> { ["ShareRpc:DataDirectory"] = directory["data"],
            ["ShareRpc:" + option] = value };
        await using WebApplication app = Build(configure: null, settings);
        app.MapShareRpc();
        OptionsValidationException refused =
            await Assert.ThrowsAsync<OptionsValidationException>(() => app.StartAsync(timeout.Token));
        Assert.Contains(named ?? option, refused.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(directory["data"]));
    }

    public void Dispose()
    {
        directory.Dispose();
        timeout.Dispose();
    }

    private static WebApplication Build(Action<ServerOptions>? configure, Dictionary<string, string?>? settings = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Configuration.AddInMemoryCollection(settings ?? []);
        builder.Services.AddShareRpcServer(configure);
        return builder.Build();
    }

    private async Task<WireConnection> ConnectAsync(WebApplication app, string prefix)
    {
        WebSocketClient client = app.GetTestServer().CreateWebSocketClient();
        client.SubProtocols.Add(WireConnection.Subprotocol);
        WebSocket socket = await client.ConnectAsync(new Uri($"ws://localhost{prefix}/rpc"), timeout.Token);
        return new WireConnection(socket, timeout.Token);
    }
}
