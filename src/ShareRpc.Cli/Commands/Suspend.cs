using System.CommandLine;
using ShareRpc.Cli.Administration;
using ShareRpc.Client.Admin;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Cli.Commands;

internal static class Suspend
{
    private static readonly Argument<string> Target = Inputs.Capability();
    private static readonly Option<string?> Server = Inputs.Server();
    private static readonly Option<string?> TokenFile = Inputs.TokenFile();

    public static Command Build() => Build("suspend", Examples.Suspend, "suspended",
        "Suspended. It is refused, and so is whatever was derived from it, until sharerpc resume.",
        (client, capId) => client.SuspendCapabilityAsync(capId));

    public static Command BuildResume() => Build("resume", Examples.Resume, "active",
        "Resumed. It works again unless an access above it is suspended or revoked.",
        (client, capId) => client.ResumeCapabilityAsync(capId));

    private static Command Build(
        string name, string help, string state, string said, Func<AdminClient, string, Task<CapabilityChanged>> act)
    {
        var command = new Command(name, Examples.Short(help)) { Target, Server, TokenFile };
        command.SetAction(async (parsed, stop) =>
        {
            CommandContext context = CommandContext.Of(parsed);
            string target = Inputs.ReadCapability(context, parsed.GetRequiredValue(Target));
            var access = new AdminAccess(context, parsed.GetValue(Server), parsed.GetValue(TokenFile));
            CapabilityChanged changed = await access.OnCapabilityAsync(target, act, stop).ConfigureAwait(false);
            context.Output.Say(said);
            string capId = ShareLink.TryParse(target, out ShareLink? link) ? link.Token.CapId : target;
            context.Output.Emit(new { CapId = capId, State = state, changed.Epoch });
            return ExitCode.Ok;
        });
        return command;
    }
}
