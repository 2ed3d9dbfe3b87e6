using System.CommandLine;
using ShareRpc.Cli.Terminal;
using ShareRpc.Server;
using ShareRpc.Server.Hosting;

namespace ShareRpc.Cli.Commands;

internal static class Serve
{
    public const string DefaultUrl = "http://127.0.0.1:8787";

    /// <summary>Other commands look here last for a root token.</summary>
    public const string DefaultData = "sharerpc-data";

    private static readonly Option<string> Data = new("--data")
    {
        Description = "Data directory: database, keys, root token; created if missing", HelpName = "DIR",
        DefaultValueFactory = _ => DefaultData,
    };

    private static readonly Option<string> Urls = new("--urls")
    {
        Description = "Addresses to listen on, separated by ';'", HelpName = "URL",
        DefaultValueFactory = _ => DefaultUrl,
    };

    private static readonly Option<string?> TlsCert = new("--tls-cert")
    {
        Description = "Certificate for https addresses, with its chain (PEM); read again when it is renewed",
        HelpName = "FILE",
    };

    private static readonly Option<string?> TlsKey = new("--tls-key")
    {
        Description = "Key of the certificate, without a passphrase (PEM)", HelpName = "FILE",
    };

    private static readonly Option<bool> OpenCreation = new("--open-creation")
    {
        Description = "Lets opencode create shares without a creator token",
    };

    private static readonly Option<Uri?> PublicUrl = new("--public-url")
    {
        Description =
            "Address of the server for people, with its path behind a proxy [default: the address of each request]",
        HelpName = "URL", CustomParser = Inputs.ParseAddress,
    };

    private static readonly Option<string[]> TrustProxy = new("--trust-proxy")
    {
        Description = "IP address or network of proxies whose X-Forwarded-* headers are trusted; may be repeated",
        HelpName = "ADDRESS", DefaultValueFactory = _ => [],
    };

    private static readonly Option<string[]> AllowOrigin = new("--allow-origin")
    {
        Description = "Another origin whose pages may connect, such as https://tools.example.org; may be repeated",
        HelpName = "ORIGIN", DefaultValueFactory = _ => [],
    };

    private static readonly Option<bool> EraseUnshared = new("--erase-unshared")
    {
        Description = "Erases the data when opencode unshares a session [default: keeps it until sharerpc rm]",
    };

    private static readonly Option<long?> CompactAfter = new("--compact-after-ops")
    {
        Description = "Drops the data of superseded ops beyond the newest N of a share, 1 or more [default: keeps all]",
        HelpName = "N",
    };

    private static readonly Option<long?> MemoryBudget = new("--memory-budget")
    {
        Description = "Memory for messages, bodies, replies and recent ops, such as 256MB or 2GB, at least 64MB "
            + "[default: a quarter of the machine's]",
        HelpName = "SIZE", CustomParser = Inputs.ParseSize,
    };

    private static readonly TimeSpan DefaultKeepAudit = TimeSpan.FromDays(400);

    private static readonly Option<TimeSpan?> KeepAudit = Inputs.KeepTime(
        "--keep-audit", "How long the audit trail is kept, such as 90d or forever [default: 400d]");

    private static readonly Option<int?> MaxConnections = new("--max-connections")
    {
        Description = "WebSockets at once, 1 or more; an address may hold as many as it leaves free [default: 20000]",
        HelpName = "N",
    };

    public static Command Build()
    {
        var command = new Command("serve", Examples.Short(Examples.Serve)) { Data, Urls, TlsCert, TlsKey,
            OpenCreation, PublicUrl, TrustProxy, AllowOrigin, EraseUnshared, CompactAfter, MemoryBudget,
            MaxConnections, KeepAudit };
        command.SetAction((parsed, stop) => RunAsync(CommandContext.Of(parsed).Output, OptionsOf(parsed), stop));
        return command;
    }

    private static ServerOptions OptionsOf(ParseResult parsed) => new()
    {
        DataDirectory = Path.GetFullPath(parsed.GetValue(Data)!), Urls = parsed.GetValue(Urls)!,
        TlsCertificate = parsed.GetValue(TlsCert), TlsKey = parsed.GetValue(TlsKey),
        OpenCreation = parsed.GetValue(OpenCreation), PublicUrl = parsed.GetValue(PublicUrl),
        TrustedProxies = parsed.GetValue(TrustProxy) ?? [], AllowedOrigins = parsed.GetValue(AllowOrigin) ?? [],
        EraseUnshared = parsed.GetValue(EraseUnshared),
        CompactAfterOps = parsed.GetValue(CompactAfter), MemoryBudget = parsed.GetValue(MemoryBudget),
        KeepAudit = parsed.GetValue(KeepAudit) == TimeSpan.MaxValue
            ? null : parsed.GetValue(KeepAudit) ?? DefaultKeepAudit,
        ServerLimits = LimitsOf(parsed.GetValue(MaxConnections)),
    };

    /// <summary>Leaves as many connections to plain requests as there may be requests.</summary>
    private static ServerLimits LimitsOf(int? connections) => connections is { } most
        ? ServerLimits.Default with { Connections = most, Sockets = most + ServerLimits.Default.HttpRequests }
        : ServerLimits.Default;

    private static async Task<int> RunAsync(Output output, ServerOptions options, CancellationToken stop)
    {
        ShareRpcServer server =
            await ShareRpcServer.StartAsync(options, TimeProvider.System, stop).ConfigureAwait(false);
        await using (server.ConfigureAwait(false))
        {
            output.Say($"Serving on {server.Address.ToString().TrimEnd('/')} from {options.DataDirectory}");
            if (server.CreatedRootToken)
                output.Say($"The root token is in {server.RootTokenPath} (mode 0600). Keep it safe.");
            output.Emit(new
            {
                Event = "listening", Url = server.Address.ToString().TrimEnd('/'), options.DataDirectory,
                server.RootTokenPath,
                server.CreatedRootToken,
            });
            await WaitAsync(stop).ConfigureAwait(false);
            output.Say("Stopping after what is queued…");
            await server.StopAsync(CancellationToken.None).ConfigureAwait(false);
            output.Emit(new { Event = "stopped" });
        }

        return ExitCode.Ok;
    }

    private static async Task WaitAsync(CancellationToken stop)
    {
        var stopped = new TaskCompletionSource();
        await using (stop.Register(stopped.SetResult).ConfigureAwait(false)) await stopped.Task.ConfigureAwait(false);
    }
}
