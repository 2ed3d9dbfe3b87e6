using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Server.Connections;
using ShareRpc.Server.Hosting;
using ShareRpc.Server.Pages;

namespace ShareRpc.Server;

/// <summary>A share server: start it, and dispose it to drain and stop.</summary>
public sealed class ShareRpcServer : IAsyncDisposable
{
    private const int SmallBodyBytes = 64 * 1024;
    private readonly WebApplication app;
    private readonly ServerRuntime runtime;
    private readonly CancellationTokenSource stopping = new();
    private readonly ILogger log;
    private int stopped;

    private ShareRpcServer(WebApplication app, ServerRuntime runtime)
    {
        this.app = app;
        this.runtime = runtime;
        log = app.Services.GetRequiredService<ILogger<ShareRpcServer>>();
    }

    /// <summary>Gets whether this build has the web pages; one without Node.js serves a page of text instead.</summary>
    public static bool HasPages => PageFiles.Embedded.Admin is not null;

    /// <summary>The first address it listens on.</summary>
    public Uri Address { get; private set; } = new("http://localhost");

    /// <summary>Where the root token is: <c>root.token</c> in the data directory, mode 0600.</summary>
    public string RootTokenPath => runtime.RootTokenPath;

    /// <summary>True when the data directory was new, and its root token was written just now.</summary>
    public bool CreatedRootToken => runtime.CreatedRootToken;

    internal WebApplication App => app;

    /// <summary>
    /// Opens the data directory and listens. Errors: <see cref="ServerStartException"/>, whose message says what to do.
    /// </summary>
    public static Task<ShareRpcServer> StartAsync(
        ServerOptions options, TimeProvider? time = null, CancellationToken cancellationToken = default) =>
        StartAsync(options, time ?? TimeProvider.System, _ => { }, cancellationToken);

    /// <summary>Refuses new work, finishes and answers what is queued, closes the connections, and lets go of the data directory.</summary>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref stopped, 1) != 0) return;
        log.Draining(runtime.Waiting);
        await stopping.CancelAsync().ConfigureAwait(false);
        await runtime.DrainAsync().ConfigureAwait(false);
        await app.StopAsync(cancellationToken).ConfigureAwait(false);
        await runtime.DisposeAsync().ConfigureAwait(false);
        log.Stopped();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        await app.DisposeAsync().ConfigureAwait(false);
        stopping.Dispose();
    }

    internal static async Task<ShareRpcServer> StartAsync(
        ServerOptions options, TimeProvider time, Action<WebApplicationBuilder> configure, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        WebApplicationBuilder builder = CreateBuilder(options);
        configure(builder);
        WebApplication app = builder.Build();
        ServerRuntime? runtime = null;
        ShareRpcServer server;
        try
        {
            runtime = await ServerRuntime
                .OpenAsync(options, time, app.Services.GetRequiredService<ILoggerFactory>(), cancellationToken).ConfigureAwait(false);
            server = new ShareRpcServer(app, runtime);
            server.MapRoutes(options);
            await app.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            if (runtime is not null) await runtime.DisposeAsync().ConfigureAwait(false);
            await app.DisposeAsync().ConfigureAwait(false);
            if (exception is not IOException) throw;
            throw new ServerStartException($"Cannot listen on {options.Urls}: is another program there? Name another address with --urls.");
        }

        string? address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault();
        if (address is not null) server.Address = new Uri(address);
        server.log.Serving(server.Address, options.DataDirectory);
        return server;
    }

    private static WebApplicationBuilder CreateBuilder(ServerOptions options)
    {
        // Without this the host watches the current directory for changed settings: every write to a data directory below it would wake
        // the watcher.
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(
            new WebApplicationOptions { Args = ["--hostBuilder:reloadConfigOnChange=false"] });
        builder.WebHost.UseUrls(options.Urls.Split(';'));
        builder.Logging.ClearProviders().SetMinimumLevel(options.LogLevel);

        // The framework's request log would hold paths, and some paths are bearer secrets (I10).
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("System", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        builder.Logging.AddSimpleConsole(console => console.SingleLine = true);

        // Standard output belongs to whoever hosts the server; the log goes to standard error.
        builder.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.ServerLimits.DrainTime);

        // What arrived is handled, and what is sent handed to the kernel, by the thread that is at it: two hand-overs fewer a call. What
        // blocks on the way, a read of the disk or an Argon2, makes its own connection wait and no other.
        builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            ServerLimits limits = options.ServerLimits;
            kestrel.AddServerHeader = false;
            kestrel.Limits.RequestHeadersTimeout = limits.HttpHeadersTime;
            kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(limits.HttpBodyRate, TimeSpan.FromSeconds(5));

            // Small; the endpoints that take more count for themselves.
            kestrel.Limits.MaxRequestBodySize = SmallBodyBytes;
        });
        return builder;
    }

    private void MapRoutes(ServerOptions options)
    {
        var endpoint = new RpcEndpoint(runtime.Services, options.AllowedOrigins);
        app.UseWebSockets();
        app.Map(Subprotocols.Path, context => endpoint.HandleAsync(context, runtime.Draining));
        runtime.Http.Map(app);
        app.MapGet("/healthz", () => Results.Text("ok"));
        app.MapGet("/readyz", async () => !stopping.IsCancellationRequested && await runtime.Commits.CanCommitAsync().ConfigureAwait(false)
            ? Results.Text("ready")
            : Results.Text("not ready", statusCode: StatusCodes.Status503ServiceUnavailable));
    }
}
