using System.CommandLine;
using System.Net;
using ShareRpc.Cli.Terminal;
using ShareRpc.Server;
using ShareRpc.Server.Hosting;

namespace ShareRpc.Cli.Commands;

/// <summary><c>sharerpc serve</c></summary>
internal static class Serve
{
    public const string DefaultUrl = "http://127.0.0.1:8787";

    /// <summary>
    /// The data directory of a <c>serve</c> without <c>--data</c>; the other commands look for a root token here, last of all.
    /// </summary>
    public const string DefaultData = "sharerpc-data";

    private static readonly Option<string> Data = new("--data")
    {
        Description = "Where everything is kept", HelpName = "DIR", DefaultValueFactory = _ => DefaultData,
    };

    private static readonly Option<string> Urls = new("--urls")
    {
        Description = "Where to listen; several with ';' between them", HelpName = "URL", DefaultValueFactory = _ => DefaultUrl,
    };

    private static readonly Option<bool> OpenCreation = new("--open-creation")
    {
        Description = "Let opencode make shares here without a creator token",
    };

    private static readonly Option<Uri?> PublicUrl = new("--public-url")
    {
        Description = "What people reach the server by, for the links it makes [default: what each request was sent to]",
        HelpName = "URL", CustomParser = Inputs.ParseAddress,
    };

    private static readonly Option<IPAddress[]> TrustProxy = new("--trust-proxy")
    {
        Description = "A proxy in front of the server, whose X-Forwarded-For says where requests come from; may be repeated",
        HelpName = "ADDRESS", CustomParser = Inputs.ParseAddresses, DefaultValueFactory = _ => [],
    };

    private static readonly Option<bool> EraseUnshared = new("--erase-unshared")
    {
        Description = "Erase the data of what opencode unshares; without it, it stays until root deletes the share",
    };

    private static readonly Option<long?> CompactAfter = new("--compact-after-ops")
    {
        Description = "Drop the data of superseded ops that are older than a share's newest N; off by default", HelpName = "N",
    };

    public static Command Build()
    {
        var command = new Command("serve", Examples.Short(Examples.Serve)) { Data, Urls, OpenCreation, PublicUrl,
            TrustProxy, EraseUnshared, CompactAfter };
        command.SetAction((parsed, stop) => RunAsync(CommandContext.Of(parsed).Output, OptionsOf(parsed), stop));
        return command;
    }

    private static ServerOptions OptionsOf(ParseResult parsed) => new()
    {
        DataDirectory = Path.GetFullPath(parsed.GetValue(Data)!), Urls = parsed.GetValue(Urls)!,
        OpenCreation = parsed.GetValue(OpenCreation), PublicUrl = parsed.GetValue(PublicUrl),
        TrustedProxies = parsed.GetValue(TrustProxy) ?? [], EraseUnshared = parsed.GetValue(EraseUnshared), CompactAfterOps =
            parsed.GetValue(CompactAfter),
    };

    private static async Task<int> RunAsync(Output output, ServerOptions options, CancellationToken stop)
    {
        ShareRpcServer server = await ShareRpcServer.StartAsync(options, TimeProvider.System, stop).ConfigureAwait(false);
        await using (server.ConfigureAwait(false))
        {
            output.Say($"Serving on {server.Address.ToString().TrimEnd('/')} from {options.DataDirectory}");
            if (server.CreatedRootToken) output.Say($"The root token was written to {server.RootTokenPath} (mode 0600): keep it safe.");
            output.Emit(new
            {
                Event = "listening", Url = server.Address.ToString().TrimEnd('/'), options.DataDirectory, server.RootTokenPath,
                server.CreatedRootToken,
            });
            await WaitAsync(stop).ConfigureAwait(false);
            output.Say("Finishing what is queued…");
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
