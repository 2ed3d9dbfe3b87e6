using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging.Console;
using OpenTelemetry.Metrics;
using ShareRpc.Cli.Configuration;
using ShareRpc.Cli.Telemetry;
using ShareRpc.Cli.Terminal;
using ShareRpc.Server;
using ShareRpc.Server.Hosting;

namespace ShareRpc.Cli.Commands;

internal static class Serve
{
    public const string DefaultUrl = "http://127.0.0.1:8787";

    /// <summary>Other commands look here last for a root token.</summary>
    public const string DefaultData = "sharerpc-data";

    /// <summary>The time that a warm-up has to end after the server.</summary>
    private static readonly TimeSpan WarmUpEnd = TimeSpan.FromSeconds(3);

    private static readonly Option<bool> PrintConfig = new("--print-config")
    {
        Description = "Prints the settings that are not the default, without secrets, and ends",
    };

    public static Command Build()
    {
        var command = new Command("serve", Examples.Short(Examples.Serve));
        var flags = new ServeFlags(command);
        command.Add(PrintConfig);
        command.SetAction(async (parsed, stop) =>
        {
            Output output = CommandContext.Of(parsed).Output;
            ServeConfiguration configuration = flags.Read(parsed);
            configuration.Options.Server.Validate();
            if (configuration.Options.Server is { Postgres: not null, KeyFile: null })
                throw new CliException(ExitCode.Usage, "--postgres needs --keys FILE, which sharerpc init makes.");
            return parsed.GetValue(PrintConfig) ? Print(output, configuration)
                : await RunAsync(output, configuration.Options, stop).ConfigureAwait(false);
        });
        return command;
    }

    private static int Print(Output output, ServeConfiguration configuration)
    {
        foreach ((string key, string[] values, string from) in configuration.Found)
        {
            output.Say($"{key} = {string.Join(", ", values)}   (from {from})");
            output.Emit(new { Key = key, Value = string.Join(", ", values), From = from });
        }

        output.Say("Every other setting has its default: see sharerpc serve --help.");
        return ExitCode.Ok;
    }

    private static async Task<int> RunAsync(Output output, ServeOptions serve, CancellationToken stop)
    {
        ServerOptions options = serve.Server;
        ShareRpcServer server = await ShareRpcServer.StartAsync(options, TimeProvider.System, builder =>
        {
            AddSystemd(builder.Services);
            ServeTelemetry.Add(builder, serve);
        }, stop).ConfigureAwait(false);
        await using (server.ConfigureAwait(false))
        {
            await using MetricsPort? metrics = serve.MetricsUrls is null ? null : await MetricsPort.StartAsync(
                serve.MetricsUrls, server.App.Services.GetRequiredService<MeterProvider>(), stop).ConfigureAwait(false);
            if (metrics is not null) output.Say($"Metrics on {metrics.Address}{ServeTelemetry.Path}");
            output.Say($"Serving on {server.Address.ToString().TrimEnd('/')} from {options.Place}");
            if (server.CreatedRootToken)
                output.Say($"The root token is in {server.RootTokenPath} (mode 0600). Keep it safe.");
            output.Emit(new
            {
                Event = "listening", Url = server.Address.ToString().TrimEnd('/'), DataDirectory = options.Place,
                server.RootTokenPath,
                server.CreatedRootToken, MetricsUrl = metrics?.Address,
            });

            // The host hears a signal that comes before the command line listens for it.
            using var either = CancellationTokenSource.CreateLinkedTokenSource(
                stop, server.App.Lifetime.ApplicationStopping);
            Task warm = Task.Run(() => WarmUpAsync(server, either.Token), CancellationToken.None);
            await WaitAsync(either.Token).ConfigureAwait(false);
            output.Say("Stopping after what is queued…");
            await server.StopAsync(CancellationToken.None).ConfigureAwait(false);
            await Task.WhenAny(warm, Task.Delay(WarmUpEnd, TimeProvider.System, CancellationToken.None))
                .ConfigureAwait(false);
            output.Emit(new { Event = "stopped" });
        }

        return ExitCode.Ok;
    }

    /// <summary>
    /// Tells the service manager when the server is ready and when it stops, and gives the log its levels. AddSystemd
    /// of the library would do so only below a parent that is called systemd.
    /// </summary>
    private static void AddSystemd(IServiceCollection services)
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NOTIFY_SOCKET"))) return;
        services.AddSingleton<ISystemdNotifier, SystemdNotifier>().AddSingleton<IHostLifetime, SystemdLifetime>();
        services.Configure<ConsoleLoggerOptions>(console => console.FormatterName = ConsoleFormatterNames.Systemd);
    }

    private static Task WarmUpAsync(ShareRpcServer server, CancellationToken stop) => !WarmUp.IsUseful
        ? Task.CompletedTask : WarmUp.RunAsync(TimeProvider.System, server.App.Logger, WarmUp.Rounds, stop);

    private static async Task WaitAsync(CancellationToken stop)
    {
        var stopped = new TaskCompletionSource();
        await using (stop.Register(stopped.SetResult).ConfigureAwait(false)) await stopped.Task.ConfigureAwait(false);
    }
}
