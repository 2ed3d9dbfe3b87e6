using System.CommandLine;
using ShareRpc.Cli.Terminal;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Sources.Opencode.Pulling;

namespace ShareRpc.Cli.Commands;

internal static class Pull
{
    private static readonly Argument<string> Link = Inputs.Link("Link of the share");
    private static readonly Option<string> Into =
        new("--into") { Description = "Agent to import into; only opencode", HelpName = "AGENT", Required = true };

    private static readonly Option<string?> Binary =
        new("--opencode-binary") { Description = "The opencode program [default: the one on PATH]", HelpName = "PATH" };

    private static readonly PassphraseInput Secret = new("The link has a passphrase");

    private static readonly Option<bool> Print =
        new("--print") { Description = "Prints the command instead of running it" };

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
        ShareLink link = Inputs.ReadLink(context, parsed.GetRequiredValue(Link));
        return PassphraseInput.WithAsync(context, Secret.Read(context, parsed, isNew: false), async passphrase =>
        {
            OpencodePull pull =
                await OpencodePull.PrepareAsync(link, passphrase, context.Time, stop).ConfigureAwait(false);
            await using (pull.ConfigureAwait(false))
            {
                if (!parsed.GetValue(Print))
                    return await ImportAsync(context.Output, pull, link.ShareId, parsed.GetValue(Binary),
                        stop).ConfigureAwait(false);
                Say(context.Output, pull);
                return ExitCode.Ok;
            }
        });
    }

    private static async Task<int> ImportAsync(
        Output output, OpencodePull pull, string shareId, string? binary, CancellationToken stop)
    {
        if (OpencodeProgram.Find(binary) is not { } program)
        {
            Say(output, pull);
            throw new CliException(ExitCode.Error, binary is null
                ? "opencode is not on PATH. Name it with --opencode-binary PATH, or run the command above where it is "
                    + "installed."
                : $"There is no program {binary}. Run the command above where opencode is installed.");
        }

        try
        {
            // With --json, the output of opencode goes to the error stream.
            Action<string>? printed = output.IsJson ? line => output.Errors.WriteLine(SafeText.Line(line, 1000)) : null;
            int exitCode =
                await OpencodeProgram.RunAsync(program, ["import", pull.Address], printed, stop).ConfigureAwait(false);
            output.Emit(new { Event = "imported", ShareId = shareId, OpencodeExitCode = exitCode });
            if (exitCode == 0) return ExitCode.Ok;
            throw new CliException(ExitCode.Error,
                $"opencode import exited with code {exitCode}; see its output above.");
        }
        finally
        {
            await pull.RevokeTokenAsync().ConfigureAwait(false);
        }
    }

    private static void Say(Output output, OpencodePull pull)
    {
        output.Say($"opencode import {pull.Address}");
        output.Emit(new { Event = "command", Command = new[] { "opencode", "import", pull.Address } });
    }
}
