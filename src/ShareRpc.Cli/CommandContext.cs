using System.CommandLine;
using ShareRpc.Cli.State;
using ShareRpc.Cli.Terminal;

namespace ShareRpc.Cli;

internal sealed record CommandContext(Output Output, ClientState State, TimeProvider Time)
{
    public static CommandContext Of(ParseResult parsed)
    {
        InvocationConfiguration configuration = parsed.InvocationConfiguration;
        var output = new Output(configuration.Output, configuration.Error, parsed.GetValue(CommandLine.Json));
        return new CommandContext(output, new ClientState(parsed.GetValue(CommandLine.State)), TimeProvider.System);
    }
}
