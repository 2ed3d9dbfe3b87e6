using System.CommandLine;
using ShareRpc.Cli.Terminal;
using ShareRpc.Cli.Watching;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Cli.Commands;

internal static class Watch
{
    private static readonly Argument<string> Link = Inputs.Link("Link of the share");
    private static readonly Option<long> After =
        new("--after") { Description = "Starts after this cursor, 0 or more", HelpName = "N" };
    private static readonly Option<bool> Once =
        new("--once") { Description = "Ends at the head of the log instead of waiting for more" };

    private static readonly Option<double> Timeout = new("--timeout")
    {
        Description = "With --once: seconds without an answer after which to give up, less than 86,400",
        HelpName = "SECONDS", DefaultValueFactory = _ => 10,
    };

    private static readonly PassphraseInput Secret = new("The link has a passphrase");

    public static Command Build()
    {
        var command = new Command("watch", Examples.Short(Examples.Watch)) { Link, After, Once, Timeout };
        Secret.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(After) is not null && result.GetValue(After) < 0)
                result.AddError("--after must be a cursor, 0 or more.");
            Inputs.CheckSeconds(result, Timeout);
        });
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        CommandContext context = CommandContext.Of(parsed);
        using CancellationTokenSource either = context.Output.StopOrClosed(stop);
        ShareLink link = Inputs.ReadLink(context, parsed.GetRequiredValue(Link));
        var run = new WatchRun(context, link, parsed.GetValue(After));
        string? given = Secret.Read(context, parsed, isNew: false);
        return await PassphraseInput.WithAsync(context, given, passphrase => parsed.GetValue(Once)
            ? run.OnceAsync(passphrase, TimeSpan.FromSeconds(parsed.GetValue(Timeout)), either.Token)
            : run.FollowAsync(passphrase, either.Token)).ConfigureAwait(false);
    }
}
