using System.CommandLine;
using ShareRpc.Cli.Administration;
using ShareRpc.Cli.Terminal;
using ShareRpc.Client.Admin;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;

namespace ShareRpc.Cli.Commands;

internal static class Rm
{
    private static readonly Argument<string> Target = Inputs.Share();
    private static readonly Option<string?> Server = Inputs.Server();
    private static readonly Option<string?> TokenFile = Inputs.TokenFile();
    private static readonly Option<bool> Yes = Inputs.Yes();

    public static Command Build()
    {
        var command = new Command("rm", Examples.Short(Examples.Rm)) { Target, Server, TokenFile, Yes };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        CommandContext context = CommandContext.Of(parsed);
        string target = Inputs.ReadTarget(context, parsed.GetRequiredValue(Target));
        var access = new AdminAccess(context, parsed.GetValue(Server), parsed.GetValue(TokenFile));
        string deleted =
            await access.OnShareAsRootAsync(target, async (AdminClient root, string shareId) =>
        {
            IReadOnlyList<ShareInfo> shares = await root.ListSharesAsync(stop).ConfigureAwait(false);
            ShareInfo share = shares.FirstOrDefault(one => one.ShareId == shareId)
                ?? throw new ShareRpcException(ErrorCode.NotFound);
            context.Output.Say(
                $"{shareId}  {SafeText.Line(share.Label ?? "", 60)}  {share.Cursor} ops, {share.LiveHandles} live");
            Question.Confirm(context, "Erase this share for good?", parsed.GetValue(Yes));
            await root.DeleteShareAsync(shareId).ConfigureAwait(false);
            return shareId;
        }, stop).ConfigureAwait(false);
        context.Output.Say("Erased. Its links now answer that the share was deleted.");
        context.Output.Emit(new { ShareId = deleted, Deleted = true });
        return ExitCode.Ok;
    }
}
