using System.CommandLine;
using ShareRpc.Cli.Pulling;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Cli.Commands;

/// <summary><c>sharerpc pull</c></summary>
internal static class Pull
{
    private static readonly Argument<ShareLink?> Link = Inputs.Link("The link of the share");
    private static readonly Option<string> Into =
        new("--into") { Description = "The agent: opencode", HelpName = "AGENT", Required = true };

    private static readonly Option<string?> Binary =
        new("--opencode-binary") { Description = "The opencode program [default: the one on PATH]", HelpName = "PATH" };

    private static readonly Option<bool> Print = new("--print") { Description = "Print the command instead of running it" };

    public static Command Build()
    {
        Into.AcceptOnlyFromAmong("opencode");
        var command = new Command("pull", Examples.Short(Examples.Pull)) { Link, Into, Binary, Print };
        command.SetAction(RunAsync);
        return command;
    }

    private static Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var run = new OpencodePull(CommandContext.Of(parsed), parsed.GetRequiredValue(Link)!, parsed.GetValue(Binary));
        return parsed.GetValue(Print) ? run.PrintAsync(stop) : run.ImportAsync(stop);
    }
}
