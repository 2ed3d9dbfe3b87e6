using System.CommandLine;
using System.Globalization;
using ShareRpc.Cli.Administration;
using ShareRpc.Cli.Terminal;
using ShareRpc.Client.Admin;
using ShareRpc.Protocol.Messages;
using Spectre.Console;

namespace ShareRpc.Cli.Commands;

internal static class Ls
{
    private static readonly Argument<string?> Share = new("SHARE_ID")
    {
        Description = "Lists who has access to this share, instead of the shares", Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<string?> Server = Inputs.Server();
    private static readonly Option<string?> TokenFile = Inputs.TokenFile();

    public static Command Build()
    {
        var command = new Command("ls", Examples.Short(Examples.Ls)) { Share, Server, TokenFile };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        CommandContext context = CommandContext.Of(parsed);
        var access = new AdminAccess(context, parsed.GetValue(Server), parsed.GetValue(TokenFile));
        await using AdminClient admin = await access.OpenRootAsync(access.Server, stop).ConfigureAwait(false);
        if (parsed.GetValue(Share) is { } shareId)
            await ListAccessAsync(context.Output, admin, shareId, stop).ConfigureAwait(false);
        else await ListSharesAsync(context.Output, admin, stop).ConfigureAwait(false);
        return ExitCode.Ok;
    }

    private static async Task ListSharesAsync(Output output, AdminClient admin, CancellationToken stop)
    {
        IReadOnlyList<ShareInfo> shares = await admin.ListSharesAsync(stop).ConfigureAwait(false);
        foreach (ShareInfo share in shares) output.Emit(share);
        if (output.IsJson) return;
        if (shares.Count == 0) output.Say("There are no shares yet. Create one with sharerpc share.");
        foreach (ShareInfo share in shares)
        {
            output.Write($"{share.ShareId}  ", new Style(decoration: Decoration.Bold));
            output.Say($"{share.State,-8} cursor {share.Cursor,-7} {When(share.CreatedMs)}  {share.LiveHandles} live  "
                + $"{SafeText.Line(share.Label ?? "", 60)}");
        }
    }

    private static async Task ListAccessAsync(Output output, AdminClient admin, string shareId, CancellationToken stop)
    {
        IReadOnlyList<CapabilityInfo> all = await admin.ListCapabilitiesAsync(stop).ConfigureAwait(false);
        List<CapabilityInfo> ofShare = [.. all.Where(capability => capability.ShareId == shareId)];
        if (ofShare.Count == 0)
            throw new CliException(ExitCode.Error, "No share with that id is visible to this token. Run sharerpc ls.");
        foreach (CapabilityInfo capability in ofShare)
        {
            output.Emit(capability);
            output.Write($"{capability.CapId}  ", new Style(decoration: Decoration.Bold));
            output.Say(
                $"{capability.State,-8} {string.Join(' ', capability.Rights),-30} {When(capability.CreatedMs)}  "
                    + $"{capability.LiveHandles} live  "
                + SafeText.Line(capability.Label ?? "", 60));
        }
    }

    private static string When(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms)
        .ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
}
