using System.CommandLine;
using ShareRpc.Cli.Pulling;
using ShareRpc.Cli.Terminal;
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

    private static readonly PassphraseInput Secret = new("The link has a passphrase");

    private static readonly Option<bool> Print = new("--print") { Description = "Print the command instead of running it" };

    public static Command Build()
    {
        Into.AcceptOnlyFromAmong("opencode");
        var command = new Command("pull", Examples.Short(Examples.Pull)) { Link, Into, Binary, Print };
        Secret.AddTo(command);
        command.SetAction(RunAsync);
        return command;
    }

    private static Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        CommandContext context = CommandContext.Of(parsed);
        return PassphraseInput.WithAsync(context, Secret.Read(context, parsed, isNew: false), passphrase =>
        {
            var run = new OpencodePull(context, parsed.GetRequiredValue(Link)!, parsed.GetValue(Binary), passphrase);
            return parsed.GetValue(Print) ? run.PrintAsync(stop) : run.ImportAsync(stop);
        });
    }
}
