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
    private const string IsRevoked = "Revoked. The link, and whatever was derived from it, is refused from now on.";

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
        Uri? named = parsed.GetValue(Server) is { } given ? Inputs.ServerAddress(context, given) : null;
        Uri server = named ?? link?.Server ?? credentials.Find(capId)?.Server ?? Inputs.ServerAddress(context, null);

        if (await new KnownShares(context).FindAsync(target, send: false, stop).ConfigureAwait(false) is var (client,
            share))
        {
            await using (client.ConfigureAwait(false))
            {
                // Another address that was named goes first: the share's own may be a node that is gone.
                bool isOwn = named is null || share.OwnerLink is not { } own || own.Server == named;
                if (isOwn && await TryAsOwnerAsync(context, share, capId, stop).ConfigureAwait(false) is { } exitCode)
                    return exitCode;
            }
        }

        string creator = token.Require(server);
        await using AdminClient admin = await AdminClient.OpenRootAsync(server, credentials.FindToken(creator)!, stop)
            .ConfigureAwait(false);
        await admin.RevokeCapabilityAsync(capId).ConfigureAwait(false);
        return Done(context, capId, IsRevoked);
    }

    /// <summary>Returns the exit code; null if this machine's access to the share cannot revoke.</summary>
    private static async Task<int?> TryAsOwnerAsync(CommandContext context, ShareWriter share, string capId,
        CancellationToken stop)
    {
        if (await IsWaitingAsync(share, capId, stop).ConfigureAwait(false))
        {
            await share.RevokeAsync(capId, stop).ConfigureAwait(false);
            Done(context, capId, "The server does not have it yet.", isQueued: true);
            return ExitCode.Unreachable;
        }

        if (share.OwnerLink is not { } link) return null;
        try
        {
            await using AdminClient owner = await AdminClient.OpenShareAsync(
                link, null, new CredentialStore(context.State.CredentialsPath), stop).ConfigureAwait(false);
            await owner.RevokeCapabilityAsync(capId).ConfigureAwait(false);
            return Done(context, capId, IsRevoked);
        }
        catch (ShareRpcException error) when (error.Code is ErrorCode.RevocationNotDurable)
        {
            // Already denied; the queue repeats it until it is durable.
            await share.RevokeAsync(capId, stop).ConfigureAwait(false);
            return Done(context, capId, IsRevoked);
        }
        catch (Exception error) when (error is DisconnectedException or ShareRpcException { IsTransient: true })
        {
            await share.RevokeAsync(capId, stop).ConfigureAwait(false);
            Done(context, capId, "The server cannot be reached, so the link still works.", isQueued: true);
            return ExitCode.Unreachable;
        }
        catch (ShareRpcException)
        {
            return null;
        }
    }

    /// <summary>Returns whether the ref or its share is still to be made: the revocation goes behind it.</summary>
    private static async Task<bool> IsWaitingAsync(ShareWriter share, string capId, CancellationToken stop) =>
        (await share.ListRequestsAsync(stop).ConfigureAwait(false)).Any(one => one.Code is null
            && (one.Kind == WriterRequest.CreateShare
                || (one.Kind == WriterRequest.Attenuate && one.CapId == capId)));

    private static int Done(CommandContext context, string capId, string said, bool isQueued = false)
    {
        new CredentialStore(context.State.CredentialsPath).MarkRevoked(capId);
        const string Sends = " The revocation is queued; sharerpc share or sharerpc outbox retry sends it.";
        context.Output.Say(isQueued ? said + Sends : said);
        context.Output.Emit(new { CapId = capId, Revoked = !isQueued, Queued = isQueued });
        return ExitCode.Ok;
    }
}
