using System.CommandLine;
using ShareRpc.Cli.Administration;
using ShareRpc.Cli.Terminal;
using ShareRpc.Client.Admin;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;

namespace ShareRpc.Cli.Commands;

internal static class Agent
{
    private static readonly Option<string?> Server = Inputs.Server();
    private static readonly Option<string?> TokenFile = Inputs.TokenFile();
    private static readonly Option<string?> Label =
        Inputs.Label("Name in sharerpc agent ls, at most 200 characters [default: agent]");
    private static readonly Option<TimeSpan?> Expires =
        Inputs.Time("--expires", "Time until its access expires [default: never]");

    private static readonly Option<long?> MaxShares = new("--max-shares")
    {
        Description = "Shares that it may have at a time, deleted ones not counted [default: no limit]", HelpName = "N",
    };

    private static readonly Option<string?> MaxBytes = new("--max-bytes")
    {
        Description = "Bytes of all that its shares hold: 512MB, 2GB [default: no limit]", HelpName = "SIZE",
    };

    private static readonly Option<string?> Out = new("--out")
    {
        Description = "Writes the token to this new file (mode 0600) instead of printing it", HelpName = "FILE",
    };

    private static readonly Argument<string> Target =
        new("AGENT") { Description = "Cap id or label of the agent, see sharerpc agent ls" };
    private static readonly Option<bool> Yes = Inputs.Yes();
    private static readonly Option<bool> KeepShares =
        new("--keep-shares") { Description = "Gives its shares to root first, so that readers keep their access" };

    public static Command Build()
    {
        var add = new Command("add", "Creates a token with which a machine may share sessions.") { Label, Expires,
            MaxShares, MaxBytes, Out, Server, TokenFile };
        add.Validators.Add(result => Inputs.CheckLabel(result, Label));
        add.Validators.Add(result =>
        {
            if (result.GetValue(MaxShares) < 0) result.AddError("--max-shares must be 0 or more.");
            if (result.GetValue(MaxBytes) is { } size && Inputs.SizeOf(size) is null)
                result.AddError("--max-bytes takes a size such as 512MB or 2GB.");
        });
        add.SetAction((parsed, stop) => AddAsync(CommandContext.Of(parsed), parsed, stop));
        var list = new Command("ls", "Lists the agents, their shares, and when they last connected.")
        {
            Server, TokenFile,
        };
        list.SetAction((parsed, stop) => ListAsync(CommandContext.Of(parsed), parsed, stop));
        var revoke =
            new Command("revoke", "Revokes an agent for good, with the owner access and the invitations of its shares.")
        {
            Target, KeepShares, Yes, Server, TokenFile,
        };
        revoke.SetAction((parsed, stop) => RevokeAsync(CommandContext.Of(parsed), parsed, stop));
        return new Command("agent", Examples.Short(Examples.Agent)) { add, list, revoke };
    }

    private static AdminAccess AccessOf(CommandContext context, ParseResult parsed) =>
        new(context, parsed.GetValue(Server), parsed.GetValue(TokenFile));

    private static async Task<int> AddAsync(CommandContext context, ParseResult parsed, CancellationToken stop)
    {
        AdminAccess access = AccessOf(context, parsed);
        long? end = parsed.GetValue(Expires) is { } span
            ? (context.Time.GetUtcNow() + span).ToUnixTimeMilliseconds() : null;
        var limits = new Caveats
        {
            ExpiresAtMs = end, MaxShares = parsed.GetValue(MaxShares),
            MaxBytes = parsed.GetValue(MaxBytes) is { } size ? Inputs.SizeOf(size) : null,
        };
        var request = new NewAgent(parsed.GetValue(Label) ?? "agent", limits, parsed.GetValue(Out));
        await using AdminClient root = await access.OpenRootAsync(access.Server, stop).ConfigureAwait(false);
        (string capId, string? token) = await request.MakeAsync(root).ConfigureAwait(false);
        string server = access.Server.ToString().TrimEnd('/');
        string file = parsed.GetValue(Out) ?? "FILE";
        if (token is not null) context.Output.Say(token);
        context.Output.Say(token is null
            ? $"The token is in {file}. Copy that file to the machine, and run there:"
            : "This is the token; it is shown once. Put it into a file on the machine, and run there:");
        context.Output.Say($"  sharerpc share --server {server} --token-file {file}");
        context.Output.Emit(
            new { CapId = capId, request.Label, Token = token, File = parsed.GetValue(Out), ExpiresAtMs = end,
                limits.MaxShares, limits.MaxBytes });
        return ExitCode.Ok;
    }

    private static async Task<int> ListAsync(CommandContext context, ParseResult parsed, CancellationToken stop)
    {
        AdminAccess access = AccessOf(context, parsed);
        await using AdminClient root = await access.OpenRootAsync(access.Server, stop).ConfigureAwait(false);
        IReadOnlyList<CapabilityInfo> all = await root.ListCapabilitiesAsync(stop).ConfigureAwait(false);
        var holders = new Holders(all);
        var table = new Columns("CAP_ID", "LABEL", "STATE", "SHARES", "LIVE", "LAST SEEN", "CREATED", "LIMITS");
        foreach (CapabilityInfo agent in Agents(all, root.CapId))
        {
            var below = new AgentReach(holders, agent);
            context.Output.Emit(new
            {
                agent.CapId, agent.Label, agent.State, Shares = below.Shares.Count, Holders = below.Holders.Count,
                below.LiveHandles,
                agent.LastRedeemedMs, agent.CreatedMs, agent.Caveats,
            });
            table.Add(
                agent.CapId, agent.Label ?? "-", agent.State, $"{below.Shares.Count}", $"{below.LiveHandles}",
                CaveatText.When(agent.LastRedeemedMs), CaveatText.When(agent.CreatedMs), CaveatText.Of(agent));
        }

        if (table.IsEmpty) context.Output.Say("There are no agents yet. Create one with sharerpc agent add.");
        else table.Say(context.Output);
        return ExitCode.Ok;
    }

    private static async Task<int> RevokeAsync(CommandContext context, ParseResult parsed, CancellationToken stop)
    {
        AdminAccess access = AccessOf(context, parsed);
        bool keep = parsed.GetValue(KeepShares);
        await using AdminClient root = await access.OpenRootAsync(access.Server, stop).ConfigureAwait(false);
        IReadOnlyList<CapabilityInfo> all = await root.ListCapabilitiesAsync(stop).ConfigureAwait(false);
        string target = parsed.GetRequiredValue(Target);
        List<CapabilityInfo> meant =
        [
            .. Agents(all, root.CapId).Where(one =>
                one.CapId == target || (one.Label == target && one.RevokedMs is null)),
        ];
        if (meant.Count == 0) throw new CliException(ExitCode.Error, "There is no such agent. Run sharerpc agent ls.");
        if (meant.Count > 1)
            throw new CliException(ExitCode.Usage, $"{meant.Count} agents have that label. Give the cap id instead.");
        var below = new AgentReach(new Holders(all), meant[0]);
        foreach (string line in below.Lines(keep)) context.Output.Say(line);
        Question.Confirm(context, "Revoke this agent for good?", parsed.GetValue(Yes));
        int adopted = keep ? (await root.AdoptSharesAsync(meant[0].CapId).ConfigureAwait(false)).Shares : 0;
        try
        {
            await root.RevokeCapabilityAsync(meant[0].CapId).ConfigureAwait(false);
        }
        catch (ShareRpcException error) when (error.Code == ErrorCode.RevocationNotDurable)
        {
            throw new CliException(
                ExitCode.Unreachable,
                "Access is denied now, but the server could not store the revocation. Run the command again.");
        }

        context.Output.Say(keep ? $"Revoked. {adopted} share(s) belong to root now." : "Revoked.");
        context.Output.Emit(new
        {
            meant[0].CapId, Revoked = true, Shares = below.Shares.Count, Holders = below.Holders.Count,
            below.LiveHandles,
            Adopted = adopted,
        });
        return ExitCode.Ok;
    }

    private static IEnumerable<CapabilityInfo> Agents(IReadOnlyList<CapabilityInfo> all, string ownCapId) =>
        all.Where(one => one.ShareId is null && one.CapId != ownCapId && one.Rights.Contains("create")
            && !one.Rights.Contains("admin"));
}
