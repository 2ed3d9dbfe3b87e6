using System.Reflection;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace ShareRpc.Cli.Telemetry;

/// <summary>
/// What is exported, and where to: by OTLP if the environment names an endpoint (<c>OTEL_EXPORTER_OTLP_ENDPOINT</c> or
/// one of a signal). The exporter itself reads the other variables of OpenTelemetry.
/// </summary>
internal static class TelemetryExport
{
    private const string Name = "ShareRpc";

    public static bool HasTraces => IsWanted("TRACES");

    public static bool HasMetrics => IsWanted("METRICS");

    public static bool HasLogs => IsWanted("LOGS");

    public static void Describe(ResourceBuilder resource) => resource
        .AddService("sharerpc", serviceVersion: typeof(TelemetryExport).Assembly
            .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0])
        .AddEnvironmentVariableDetector();

    /// <summary>Adds our own meter, and those of the runtime and of Kestrel, whose labels are bounded.</summary>
    public static MeterProviderBuilder AddMeters(MeterProviderBuilder metrics)
    {
        metrics.AddMeter(Name, "System.Runtime", "Microsoft.AspNetCore.Server.Kestrel");
        return HasMetrics ? metrics.AddOtlpExporter() : metrics;
    }

    /// <summary>Adds our own spans alone: those of the framework hold paths, some of them bearer secrets.</summary>
    public static void AddSpans(TracerProviderBuilder spans) => spans.AddSource(Name).AddOtlpExporter();

    /// <summary>Returns what exports for a client until it is disposed; null if nothing is wanted.</summary>
    public static IDisposable? StartForClient()
    {
        if (!HasTraces && !HasMetrics) return null;
        var sdk = OpenTelemetrySdk.Create(builder =>
        {
            builder.ConfigureResource(Describe);
            if (HasMetrics) builder.WithMetrics(metrics => AddMeters(metrics));
            if (HasTraces) builder.WithTracing(AddSpans);
        });
        return sdk;
    }

    private static bool IsWanted(string signal)
    {
        if (bool.TryParse(Read("OTEL_SDK_DISABLED"), out bool isOff) && isOff) return false;
        if (Read($"OTEL_{signal}_EXPORTER") == "none") return false;
        return Read("OTEL_EXPORTER_OTLP_ENDPOINT") is not null
            || Read($"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT") is not null;
    }

    private static string? Read(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
