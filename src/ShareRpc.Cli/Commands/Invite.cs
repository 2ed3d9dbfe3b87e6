using System.CommandLine;
using System.Globalization;
using ShareRpc.Cli.State;
using ShareRpc.Client;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Protocol.Tokens;
using Spectre.Console;

namespace ShareRpc.Cli.Commands;

/// <summary><c>sharerpc invite</c></summary>
internal static class Invite
{
    private static readonly TimeSpan SendTime = TimeSpan.FromSeconds(10);
    private static readonly Argument<string> Target = new("SHARE") { Description = "Share id, any link of the share, or session id" };
    private static readonly Option<string?> Label =
        new("--label") { Description = "What sharerpc ls will call the new link", HelpName = "TEXT" };

    private static readonly Option<TimeSpan?> Expires = new("--expires")
    {
        Description = "When the new link ends, from now: 30m, 12h or 7d [default: never]",
        HelpName = "TIME",
        CustomParser = result =>
        {
            string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            bool isNumber = int.TryParse(text.AsSpan(0, Math.Max(0, text.Length - 1)), NumberStyles.None, CultureInfo.InvariantCulture,
                out int count);
            double minutes = text.Length < 2 ? 0 : text[^1] switch { 'm' => 1, 'h' => 60, 'd' => 1440, _ => 0 };
            if (isNumber && count is > 0 and < 100_000 && minutes > 0) return TimeSpan.FromMinutes(count * minutes);
            result.AddError("--expires is a number with m, h or d: 30m, 12h or 7d.");
            return null;
        },
    };

    public static Command Build()
    {
        var command = new Command("invite", Examples.Short(Examples.Invite)) { Target, Label, Expires };
        command.Validators.Add(result =>
        {
            if (result.GetValue(Label) is { Length: > 200 }) result.AddError("--label is at most 200 characters.");
        });
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        CommandContext context = CommandContext.Of(parsed);
        if (await new KnownShares(context).FindAsync(parsed.GetRequiredValue(Target), send: true, stop)
            .ConfigureAwait(false) is not var (client, share))
        {
            throw new CliException(
                ExitCode.Error, "This machine shares nothing of that name. See sharerpc outbox status; an invitation is made where "
                    + "the share was made.");
        }

        await using (client.ConfigureAwait(false))
        {
            Caveats? caveats = parsed.GetValue(Expires) is { } expires
                ? new Caveats { ExpiresAtMs = (context.Time.GetUtcNow() + expires).ToUnixTimeMilliseconds() }
                : null;
            ShareLink link = await share.InviteAsync(Rights.Read, parsed.GetValue(Label) ?? "invitation", caveats, stop)
                .ConfigureAwait(false);
            context.Output.Say(link.Reveal(), new Style(Color.Aqua));
            bool isMade = await SentAsync(context, share, stop).ConfigureAwait(false);
            if (!isMade) context.Output.Say("The server has not confirmed it yet: the link works once it has. It is queued.");
            context.Output.Emit(new { share.ShareId, link.Token.CapId, Link = link.Reveal(), Queued = !isMade });
        }

        return ExitCode.Ok;
    }

    private static async Task<bool> SentAsync(CommandContext context, ShareWriter share, CancellationToken stop)
    {
        using var patience = new CancellationTokenSource(SendTime, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
        try
        {
            await share.FlushAsync(either.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return false;
        }
    }
}
