using System.CommandLine;
using ShareRpc.Cli.Administration;
using ShareRpc.Cli.Terminal;
using ShareRpc.Client.Admin;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using Spectre.Console;

namespace ShareRpc.Cli.Commands;

internal static class Rotate
{
    private static readonly Argument<string> Target = Inputs.Capability();
    private static readonly Option<string?> Server = Inputs.Server();
    private static readonly Option<string?> TokenFile = Inputs.TokenFile();
    private static readonly Option<bool> Yes = Inputs.Yes();
    private static readonly PassphraseInput Secret = new("Passphrase of the new link, if the old one has one");

    public static Command Build()
    {
        var command = new Command("rotate", Examples.Short(Examples.Rotate)) { Target, Server, TokenFile, Yes };
        Secret.AddTo(command);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        CommandContext context = CommandContext.Of(parsed);
        string target = Inputs.ReadCapability(context, parsed.GetRequiredValue(Target));
        var access = new AdminAccess(context, parsed.GetValue(Server), parsed.GetValue(TokenFile));
        string capId = ShareLink.TryParse(target, out ShareLink? link) ? link.Token.CapId : target;
        string? passphrase = Secret.Read(context, parsed, isNew: true);
        bool isUnderWay = access.Credentials.FindNextToken(capId) is not null;
        if (!isUnderWay && !parsed.GetValue(Yes))
            await ConfirmAsync(context, access, target, stop).ConfigureAwait(false);
        (ShareToken token, string? shareId, long epoch) = await new Rotation(access, target).RunAsync(passphrase, stop)
            .ConfigureAwait(false);
        string? text = shareId is null ? null : new ShareLink(access.AddressOf(target), shareId, token).Reveal();
        context.Output.Say(text ?? token.Reveal(), new Style(Color.Aqua));
        context.Output.Say(shareId is null
            ? "The old token is refused from now on. This is the new one; it is shown once. Put it into the agent's "
                + "token file."
            : "The old link is refused from now on. This is the new one; this machine keeps it.");
        string? bare = text is null ? token.Reveal() : null;
        context.Output.Emit(new { CapId = capId, ShareId = shareId, Link = text, Token = bare, Epoch = epoch });
        return ExitCode.Ok;
    }

    private static async Task ConfirmAsync(CommandContext context, AdminAccess access, string target,
        CancellationToken stop)
    {
        List<CapabilityInfo> below = await access.OnCapabilityAsync(target, async (AdminClient client, string capId) =>
        {
            IReadOnlyList<CapabilityInfo> all = await client.ListCapabilitiesAsync(stop).ConfigureAwait(false);
            return new Holders(all).Below(capId).Where(one =>
                one.State is "active" or "suspended" or "retired").ToList();
        }, stop).ConfigureAwait(false);
        if (below.Count == 0) return;
        context.Output.Say($"{below.Count} access(es) were derived from it and end with the old token:");
        foreach (CapabilityInfo one in below)
            context.Output.Say($"  {one.CapId}  {SafeText.Line(one.Label ?? "", 60)}");
        Question.Confirm(context, "Rotate this access?", yes: false);
    }
}
