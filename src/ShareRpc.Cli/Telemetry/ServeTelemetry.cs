using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using ShareRpc.Cli.Configuration;
using ShareRpc.Server;

namespace ShareRpc.Cli.Telemetry;

/// <summary>Adds to the host of a server what is asked for: Prometheus, OTLP, or nothing.</summary>
internal static class ServeTelemetry
{
    public const string Path = "/metrics";

    public static void Add(WebApplicationBuilder builder, ServeOptions options)
    {
        bool hasPrometheus = options.MetricsUrls is not null || options.MetricsTokenFile is not null;
        if (hasPrometheus || TelemetryExport.HasMetrics || TelemetryExport.HasTraces)
        {
            var telemetry = builder.Services.AddOpenTelemetry().ConfigureResource(TelemetryExport.Describe);
            telemetry.WithMetrics(metrics =>
            {
                TelemetryExport.AddMeters(metrics);
                if (hasPrometheus) metrics.AddPrometheusExporter();
            });
            if (TelemetryExport.HasTraces) telemetry.WithTracing(TelemetryExport.AddSpans);
        }

        if (TelemetryExport.HasLogs) builder.Logging.AddOpenTelemetry(logs => logs.AddOtlpExporter());
        if (options.MetricsTokenFile is { } file)
            builder.Services.AddSingleton<IStartupFilter>(new MetricsDoor(ReadToken(file)));
    }

    private static byte[] ReadToken(string file)
    {
        try
        {
            string token = File.ReadAllText(file).Trim();
            if (token.Length >= 16) return Digest(token);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ServerStartException($"{file} cannot be read: --metrics-token-file names a file with a token.");
        }

        throw new ServerStartException($"{file} has less than 16 characters: put a long random token there.");
    }

    private static byte[] Digest(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    /// <summary>Answers <c>/metrics</c> of the server to whoever has the token; compares in constant time.</summary>
    private sealed class MetricsDoor(byte[] token) : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.UseWhen(context => context.Request.Path == Path && !IsAllowed(context.Request), refused =>
                refused.Run(context =>
                {
                    context.Response.StatusCode = StatusCodes.Status401Unauthorized;
                    context.Response.Headers.WWWAuthenticate = "Bearer";
                    return Task.CompletedTask;
                }));
            app.UseOpenTelemetryPrometheusScrapingEndpoint(Path);
            next(app);
        };

        private bool IsAllowed(HttpRequest request)
        {
            const string Scheme = "Bearer ";
            string given = request.Headers[HeaderNames.Authorization].ToString();
            return given.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
                && CryptographicOperations.FixedTimeEquals(Digest(given[Scheme.Length..].Trim()), token);
        }
    }
}
