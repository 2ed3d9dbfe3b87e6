using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using ShareRpc.Server.Pages;

namespace ShareRpc.Server.Hosting;

/// <summary>A share server in its own host and listener. Dispose it to drain and stop.</summary>
public sealed class ShareRpcServer : IAsyncDisposable
{
    private const int SmallBodyBytes = 64 * 1024;
    private static readonly TimeSpan BodyGrace = TimeSpan.FromSeconds(10);
    private readonly WebApplication app;
    private readonly ServerLifecycle lifecycle;
    private int stopped;

    private ShareRpcServer(WebApplication app, ServerOptions options)
    {
        this.app = app;
        lifecycle = app.Services.GetRequiredService<ServerLifecycle>();
        string? address =
            app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()
                ?.Addresses.FirstOrDefault();
        if (address is not null) Address = new Uri(address);
        app.Logger.Serving(Address, options.Place);
    }

    /// <summary>Gets whether this build has the web pages; otherwise a text page is served.</summary>
    public static bool HasPages => PageFiles.Embedded.Admin is not null;

    /// <summary>Gets the first listening address.</summary>
    public Uri Address { get; } = new("http://localhost");

    /// <summary>
    /// Gets the path of <c>root.token</c> in the data directory (mode 0600); empty with a database, whose root token
    /// <c>sharerpc init</c> made.
    /// </summary>
    public string RootTokenPath => lifecycle.RootTokenPath ?? "";

    /// <summary>Gets whether this start created the root token.</summary>
    public bool CreatedRootToken => lifecycle.CreatedRootToken;

    internal WebApplication App => app;

    /// <summary>Opens the data directory and listens. Throws <see cref="ServerStartException"/>.</summary>
    public static Task<ShareRpcServer> StartAsync(
        ServerOptions options, TimeProvider? time = null, CancellationToken cancellationToken = default) =>
        StartAsync(options, time ?? TimeProvider.System, _ => { }, cancellationToken);

    /// <summary>Refuses new work, answers queued work, closes connections and releases the data directory.</summary>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref stopped, 1) != 0) return;
        await app.StopAsync(cancellationToken).ConfigureAwait(false);
        await app.DisposeAsync().ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    internal static async Task<ShareRpcServer> StartAsync(
        ServerOptions options, TimeProvider time, Action<WebApplicationBuilder> configure,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        if (ListenFailure.Find(options.Urls) is { } cannotListen) throw cannotListen; // before it makes a directory
        ServerCertificate? certificate = options is { TlsCertificate: { } path, TlsKey: { } key }
            ? new ServerCertificate(path, key) : null;
        WebApplicationBuilder builder = CreateBuilder(options, certificate);
        builder.Services.AddSingleton(ClusterParts.ClockOf(options, time)).AddShareRpcServer(options);
        configure(builder);
        WebApplication app = builder.Build();
        try
        {
            if (options.PublicUrl is { AbsolutePath: not "/" } url)
            {
                // The proxy may take the path off, or not.
                app.UsePathBase(url.AbsolutePath.TrimEnd('/'));
                app.UseRouting();
            }

            app.MapShareRpc();
            await app.StartAsync(cancellationToken).ConfigureAwait(false);
            return new ShareRpcServer(app, options);
        }
        catch (Exception exception)
        {
            await app.DisposeAsync().ConfigureAwait(false);
            if (ListenFailure.Explain(exception, options.Urls) is { } explained) throw explained;
            throw;
        }
    }

    private static WebApplicationBuilder CreateBuilder(ServerOptions options, ServerCertificate? certificate)
    {
        // Else the host watches the current directory, and writes to a data directory in it wake the watcher.
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(
            new WebApplicationOptions { Args = ["--hostBuilder:reloadConfigOnChange=false"] });
        builder.WebHost.UseUrls(options.Urls.Split(';'));
        builder.Logging.ClearProviders().SetMinimumLevel(options.LogLevel);

        // Framework request logs contain paths, some of them bearer secrets (I10).
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("System", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        // Start errors are thrown to the caller.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
        builder.Logging.AddSimpleConsole(console => console.SingleLine = true);

        // Logs to standard error; standard output is the host program's.
        builder.Services.Configure<ConsoleLoggerOptions>(console =>
            console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.ServerLimits.DrainTime);

        builder.WebHost.UseSockets(sockets =>
        {
            // Saves two thread switches per call. Blocking delays only its own connection.
            sockets.UnsafePreferInlineScheduling = true;

            // Nobody counts what is read ahead, and what the peer has not taken.
            (sockets.MaxReadBufferSize, sockets.MaxWriteBufferSize) = (SmallBodyBytes, SmallBodyBytes);
        });
        if (certificate is not null) builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            // What limits and counts requests is made for one request at a time on a connection.
            SocketDoor door = kestrel.ApplicationServices.GetRequiredService<SocketDoor>();
            kestrel.ConfigureEndpointDefaults(endpoint =>
            {
                endpoint.Protocols = HttpProtocols.Http1;
                endpoint.Use(next => connection => door.ServeAsync(connection, next));
            });
            ServerLimits limits = options.ServerLimits;
            if (certificate is not null) UseCertificate(kestrel, certificate, limits.TlsHandshakeTime);
            kestrel.AddServerHeader = false;
            kestrel.Limits.RequestHeadersTimeout = limits.HttpHeadersTime;
            kestrel.Limits.KeepAliveTimeout = limits.HttpIdleTime;
            kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(limits.HttpBodyRate, BodyGrace);

            // What Kestrel itself reads ahead of a request, before anybody has counted it.
            kestrel.Limits.MaxRequestBufferSize = SmallBodyBytes;

            // Other endpoints set their own limit.
            kestrel.Limits.MaxRequestBodySize = SmallBodyBytes;
        });
        return builder;
    }

    private static void UseCertificate(
        KestrelServerOptions kestrel, ServerCertificate certificate, TimeSpan handshakeTime)
    {
        ILogger log = kestrel.ApplicationServices.GetRequiredService<ILogger<ServerCertificate>>();
        kestrel.ConfigureHttpsDefaults(https =>
        {
            https.HandshakeTimeout = handshakeTime;
            https.ServerCertificate = certificate.Find(log).TargetCertificate;
            https.OnAuthenticate = (_, tls) => tls.ServerCertificateContext = certificate.Find(log);
        });
    }
}
