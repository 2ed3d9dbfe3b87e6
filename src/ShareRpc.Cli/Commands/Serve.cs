using System.CommandLine;
using ShareRpc.Cli.Configuration;
using ShareRpc.Cli.Terminal;
using ShareRpc.Server;
using ShareRpc.Server.Hosting;

namespace ShareRpc.Cli.Commands;

internal static class Serve
{
    public const string DefaultUrl = "http://127.0.0.1:8787";

    /// <summary>Other commands look here last for a root token.</summary>
    public const string DefaultData = "sharerpc-data";

    private static readonly Option<string?> Config = new("--config")
    {
        Description = "File with the settings [default: $SHARERPC_CONFIG, else ./sharerpc.json if it is there]",
        HelpName = "FILE",
    };

    private static readonly Option<bool> PrintConfig = new("--print-config")
    {
        Description = "Prints the settings that are not the default, without secrets, and ends",
    };

    public static Command Build()
    {
        var command = new Command("serve", Examples.Short(Examples.Serve));
        Dictionary<Setting, Option> flags = ServeSettings.All.ToDictionary(
            setting => setting, setting => setting.ToOption());
        foreach (Option flag in flags.Values) command.Add(flag);
        command.Add(Config);
        command.Add(PrintConfig);
        command.SetAction(async (parsed, stop) =>
        {
            Output output = CommandContext.Of(parsed).Output;
            var configuration = ServeConfiguration.Read(
                flags.SelectMany(flag => ValuesOf(parsed, flag.Key, flag.Value)),
                Environment.GetEnvironmentVariables(), parsed.GetValue(Config));
            configuration.Options.Validate();
            return parsed.GetValue(PrintConfig) ? Print(output, configuration)
                : await RunAsync(output, configuration.Options, stop).ConfigureAwait(false);
        });
        return command;
    }

    private static IEnumerable<KeyValuePair<string, string?>> ValuesOf(
        ParseResult parsed, Setting setting, Option flag)
    {
        if (parsed.GetResult(flag) is not { Implicit: false }) return [];
        return flag switch
        {
            Option<string[]> list => (parsed.GetValue(list) ?? []).Select((text, index) =>
                KeyValuePair.Create($"{setting.Key}:{index}", (string?)text)),
            Option<bool?> isOn => [KeyValuePair.Create(setting.Key, (string?)$"{parsed.GetValue(isOn) ?? true}")],
            _ => [KeyValuePair.Create(setting.Key, parsed.GetValue((Option<string?>)flag))],
        };
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
