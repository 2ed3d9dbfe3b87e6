using System.CommandLine;
using ShareRpc.Cli.State;
using ShareRpc.Client;
using ShareRpc.Client.Admin;
using ShareRpc.Client.Credentials;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Cli.Commands;

internal static class Revoke
{
    private static readonly Argument<string> Target = Inputs.Capability();
    private static readonly Option<string?> Server = Inputs.Server();
    private static readonly Option<string?> TokenFile = Inputs.TokenFile();

    public static Command Build()
    {
        var command = new Command("revoke", Examples.Short(Examples.Revoke)) { Target, Server, TokenFile };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        CommandContext context = CommandContext.Of(parsed);
        string target = Inputs.ReadCapability(context, parsed.GetRequiredValue(Target));
        var token = new CreatorToken(context, parsed.GetValue(TokenFile));
        bool isLink = ShareLink.TryParse(target, out ShareLink? link);
        string capId = isLink ? link!.Token.CapId : target;
        var credentials = new CredentialStore(context.State.CredentialsPath);
        Uri server = link?.Server ?? credentials.Find(capId)?.Server
            ?? Inputs.ServerAddress(context, parsed.GetValue(Server));

        if (await new KnownShares(context).FindAsync(target, send: false, stop).ConfigureAwait(false) is var (client,
            share))
        {
            await using (client.ConfigureAwait(false))
            {
                if (await TryAsOwnerAsync(context, share, capId, stop).ConfigureAwait(false) is { } exitCode)
                    return exitCode;
            }
        }

        string creator = token.Require(server);
        await using AdminClient admin = await AdminClient.OpenRootAsync(server, credentials.FindToken(creator)!, stop)
            .ConfigureAwait(false);
        await admin.RevokeCapabilityAsync(capId).ConfigureAwait(false);
        return Done(context, capId, isQueued: false);
    }

    /// <summary>Returns the exit code; null if the owner may not revoke.</summary>
    private static async Task<int?> TryAsOwnerAsync(CommandContext context, ShareWriter share, string capId,
        CancellationToken stop)
    {
        try
        {
            await using AdminClient owner =
                await AdminClient.OpenShareAsync(share.OwnerLink!, stop).ConfigureAwait(false);
            await owner.RevokeCapabilityAsync(capId).ConfigureAwait(false);
            return Done(context, capId, isQueued: false);
        }
        catch (ShareRpcException error) when (error.Code is ErrorCode.RevocationNotDurable)
        {
            // Already denied; the queue repeats it until it is durable.
            await share.RevokeAsync(capId, stop).ConfigureAwait(false);
            return Done(context, capId, isQueued: false);
        }
        catch (Exception error) when (error is DisconnectedException or ShareRpcException { IsTransient: true })
        {
            await share.RevokeAsync(capId, stop).ConfigureAwait(false);
            Done(context, capId, isQueued: true);
            return ExitCode.Unreachable;
        }
        catch (ShareRpcException)
        {
            return null;
        }
    }

    private static int Done(CommandContext context, string capId, bool isQueued)
    {
        new CredentialStore(context.State.CredentialsPath).MarkRevoked(capId);
        context.Output.Say(isQueued
            ? "The server cannot be reached, so the link still works. The revocation is queued; sharerpc share or "
                + "sharerpc "
                + "outbox retry sends it."
            : "Revoked. The link, and whatever was derived from it, is refused from now on.");
        context.Output.Emit(new { CapId = capId, Revoked = !isQueued, Queued = isQueued });
        return ExitCode.Ok;
    }
}
