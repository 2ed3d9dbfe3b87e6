using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;
using ShareRpc.Server;

namespace ShareRpc.Cli.Telemetry;

/// <summary>A listener of its own for <c>/metrics</c>, apart from what clients reach.</summary>
internal sealed class MetricsPort : IAsyncDisposable
{
    private const int RequestBytes = 8 * 1024;
    private const int MostConnections = 64;
    private readonly WebApplication app;

    private MetricsPort(WebApplication app) => this.app = app;

    public string Address => app.Services.GetRequiredService<IServer>().Features
        .Get<IServerAddressesFeature>()!.Addresses.First();

    public static async Task<MetricsPort> StartAsync(string urls, MeterProvider metrics, CancellationToken stop)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(
            new WebApplicationOptions { Args = ["--hostBuilder:reloadConfigOnChange=false"] });
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(urls.Split(';'));
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = RequestBytes;
            kestrel.Limits.MaxConcurrentConnections = MostConnections;
        });
        WebApplication app = builder.Build();
        try
        {
            app.UseOpenTelemetryPrometheusScrapingEndpoint(metrics, null, ServeTelemetry.Path, null, null);
            await app.StartAsync(stop).ConfigureAwait(false);
            return new MetricsPort(app);
        }
        catch (Exception error) when (error is IOException or InvalidOperationException or FormatException
            or System.Net.Sockets.SocketException)
        {
            await app.DisposeAsync().ConfigureAwait(false);
            throw new ServerStartException(
                $"Cannot listen on {urls} for metrics. Name another address with --metrics-urls.");
        }
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();
}
