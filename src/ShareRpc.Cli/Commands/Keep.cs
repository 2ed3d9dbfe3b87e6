using System.CommandLine;
using System.Globalization;
using ShareRpc.Cli.Administration;
using ShareRpc.Client.Admin;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Cli.Commands;

internal static class Keep
{
    public const string Text = """
        Keeps a share for as long again as the server keeps one after its last append.

        A server with --keep-shares erases a share to which nothing was appended for that long; its pages and links say
        when. The owner puts that off, of an ended share too, and as often as wanted.

        Examples:
          sharerpc keep ses_...
          sharerpc keep SHARE_ID
        """;

    private static readonly Argument<string> Target = Inputs.Share();

    public static Command Build()
    {
        var command = new Command("keep", Examples.Short(Text)) { Target };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        CommandContext context = CommandContext.Of(parsed);
        string target = Inputs.ReadTarget(context, parsed.GetRequiredValue(Target));
        var access = new AdminAccess(context, server: null, tokenFile: null);
        ShareLink link = await access.FindLinkAsync(target, stop).ConfigureAwait(false)
            ?? throw new CliException(
                ExitCode.Error, "This machine has no share of that name. Only the owner of a share keeps it.");
        await using AdminClient client =
            await AdminClient.OpenShareAsync(link, null, access.Credentials, stop).ConfigureAwait(false);
        ShareKept kept = await client.KeepShareAsync().ConfigureAwait(false);
        context.Output.Say(kept.KeptUntilMs is { } end
            ? $"Kept until {DateTimeOffset.FromUnixTimeMilliseconds(end).ToLocalTime().ToString(
                "yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)}, and longer if something is appended."
            : "This server keeps shares for ever.");
        context.Output.Emit(new { link.ShareId, kept.KeptUntilMs });
        return ExitCode.Ok;
    }
}
