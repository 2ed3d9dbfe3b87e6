using System.CommandLine;
using ShareRpc.Cli.Administration;
using ShareRpc.Cli.Terminal;
using ShareRpc.Protocol.Messages;

namespace ShareRpc.Cli.Commands;

internal static class Who
{
    private static readonly Argument<string> Target = Inputs.Share();
    private static readonly Option<string?> Server = Inputs.Server();
    private static readonly Option<string?> TokenFile = Inputs.TokenFile();

    public static Command Build()
    {
        var command = new Command("who", Examples.Short(Examples.Who)) { Target, Server, TokenFile };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        CommandContext context = CommandContext.Of(parsed);
        string target = Inputs.ReadTarget(context, parsed.GetRequiredValue(Target));
        var access = new AdminAccess(context, parsed.GetValue(Server), parsed.GetValue(TokenFile));
        IReadOnlyList<CapabilityInfo> all = await access.OnShareAsync(
            target, (client, shareId) =>
                client.ListCapabilitiesAsync(shareId, stop), stop).ConfigureAwait(false);
        foreach (CapabilityInfo one in all) context.Output.Emit(one);
        if (!context.Output.IsJson) Say(context.Output, all);
        return ExitCode.Ok;
    }

    private static void Say(Output output, IReadOnlyList<CapabilityInfo> all)
    {
        var table = new Columns("CAP_ID", "LABEL", "RIGHTS", "STATE", "LIVE", "LAST SEEN", "CREATED", "LIMITS");
        foreach ((CapabilityInfo one, int depth) in new Holders(all).Tree())
        {
            string indent = depth == 0 ? "" : new string('.', depth) + " ";
            table.Add(
                one.CapId, indent + (one.Label ?? "-"), string.Join(' ', one.Rights), one.State,
                one.LiveHandles.ToString(System.Globalization.CultureInfo.InvariantCulture),
                CaveatText.When(one.LastRedeemedMs),
                CaveatText.When(one.CreatedMs), CaveatText.Of(one));
        }

        table.Say(output);
        output.Say("Times are UTC. An entry with dots was derived from the one above it and is revoked with it. LIVE "
            + "is the number of "
            + "connections now, including this command's.");
    }
}
