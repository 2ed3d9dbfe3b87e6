using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using ShareRpc.Cli.Configuration;
using ShareRpc.Cli.Telemetry;
using ShareRpc.Client;
using ShareRpc.Client.Credentials;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Hosting;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Cli.Telemetry;

/// <summary>What Prometheus gets, over real sockets.</summary>
public sealed class MetricsEndpointTests : IDisposable
{
    private const string Token = "a-long-token-for-metrics";
    private readonly TemporaryDirectory directory = new();
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Fact]
    public async Task Metrics_are_for_whoever_has_the_token_and_show_the_ops_but_no_secret_or_id()
    {
        await File.WriteAllTextAsync(directory["token"], Token + "\n", timeout);
        var options = new ServeOptions(new ServerOptions
        {
            DataDirectory = directory["data"], Urls = "http://127.0.0.1:0",
        })
        {
            MetricsTokenFile = directory["token"],
        };
        await using ShareRpcServer server = await ShareRpcServer.StartAsync(
            options.Server, TimeProvider.System, builder => ServeTelemetry.Add(builder, options), timeout);
        (ShareToken root, string shareId) = await ShareAsync(server);
        using var http = new HttpClient { BaseAddress = server.Address };
        foreach (string? wrong in (string?[])[null, "", "a-long-token-for-metricz", Token + "x"])
        {
            http.DefaultRequestHeaders.Authorization = wrong is null ? null
                : new AuthenticationHeaderValue("Bearer", wrong);
            using HttpResponseMessage refused = await http.GetAsync(ServeTelemetry.Path, timeout);
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        }

        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        string said = await http.GetStringAsync(ServeTelemetry.Path, timeout);

        Assert.Contains("sharerpc_append_ops_total", said, StringComparison.Ordinal);
        Assert.Matches("""sharerpc_append_ops_total\{[^}]*outcome="applied"[^}]*\} [1-9]""", said);
        Assert.Matches("""sharerpc_redemptions_total\{[^}]*outcome="ok"[^}]*\} [1-9]""", said);
        Assert.Matches("""sharerpc_disk_free_bytes\{?[^\n]* [1-9]""", said);
        Assert.All([root.CapId, shareId, "srpc_"],
            secret => Assert.DoesNotContain(secret, said, StringComparison.Ordinal));
        await using MetricsPort port = await MetricsPort.StartAsync("http://127.0.0.1:0",
            server.App.Services.GetRequiredService<MeterProvider>(), timeout);
        using var open = new HttpClient { BaseAddress = new Uri(port.Address) };
        Assert.Contains("sharerpc_append_ops_total", await open.GetStringAsync(ServeTelemetry.Path, timeout),
            StringComparison.Ordinal);
        using HttpResponseMessage nothingElse = await open.GetAsync("/healthz", timeout);
        Assert.Equal(HttpStatusCode.NotFound, nothingElse.StatusCode);
    }

    [Fact]
    public async Task A_token_that_can_be_guessed_is_refused_at_the_start()
    {
        await File.WriteAllTextAsync(directory["token"], "short", timeout);
        var options = new ServeOptions(new ServerOptions { DataDirectory = directory["data"] })
        {
            MetricsTokenFile = directory["token"],
        };
        ServerStartException refused = await Assert.ThrowsAsync<ServerStartException>(() => ShareRpcServer.StartAsync(
            options.Server, TimeProvider.System, builder => ServeTelemetry.Add(builder, options), timeout));
        Assert.Contains("less than 16 characters", refused.Message, StringComparison.Ordinal);
    }

    public void Dispose() => directory.Dispose();

    private async Task<(ShareToken Root, string ShareId)> ShareAsync(ShareRpcServer server)
    {
        string text = (await File.ReadAllTextAsync(server.RootTokenPath, timeout)).Trim();
        Assert.True(ShareToken.TryParse(text, out ShareToken? root));
        string credentials = directory["credentials.json"];
        new CredentialStore(credentials).Add(root, server.Address, null, "root");
        await using ShareClient client = await ShareClient.OpenAsync(new ShareClientOptions
        {
            Server = server.Address, OutboxPath = directory["outbox.db"], CredentialsPath = credentials,
            CreatorCapId = root.CapId,
        }, cancellationToken: timeout);
        ShareWriter share = await client.CreateShareAsync("test", null, timeout);
        await share.EnqueueAsync(
        [
            new OpIntent { OpId = OpId.New(), Verb = Verbs.Put, Kind = "note", Key = "k", Data = RawJson.Parse("{}") },
        ], cancellationToken: timeout);
        await client.FlushAsync(timeout);
        return (root, share.ShareId);
    }
}
