using System.CommandLine;
using System.Globalization;
using ShareRpc.Cli.Administration;
using ShareRpc.Cli.Terminal;
using ShareRpc.Client.Admin;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Cli.Commands;

internal static class Audit
{
    private static readonly TimeSpan FollowInterval = TimeSpan.FromSeconds(2);

    private static readonly Argument<string?> Target = new("SHARE")
    {
        Description = "Share id, a link of the share, session id, or - for a line of standard input [default: all that "
            + "the token may see]",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<string?> Server = Inputs.Server();
    private static readonly Option<string?> TokenFile = Inputs.TokenFile();

    private static readonly Option<int> Limit = new("--limit")
    {
        Description = "Number of the newest entries to print, 1 to 1,000,000", HelpName = "N",
        DefaultValueFactory = _ => 50,
    };

    private static readonly Option<string?> Of = new("--of")
    {
        Description = "Only entries by or about an access: a link, a cap id, or the name of one",
        HelpName = "LINK|CAP_ID|NAME",
    };

    private static readonly Option<string?> Action = Text("--action", "Only this action, for example revoke", "NAME");
    private static readonly Option<string?> Address = Text("--address", "Only entries from this address", "IP");
    private static readonly Option<string?> Code = Text("--code", "Only refusals with this error", "NAME");
    private static readonly Option<DateTimeOffset?> Since = Inputs.Moment("--since", "Only entries from this time on");
    private static readonly Option<DateTimeOffset?> Until = Inputs.Moment("--until", "Only entries before this time");

    private static readonly Option<bool> Follow = new("--follow") { Description = "Prints new entries until Ctrl-C" };

    public static Command Build()
    {
        var command = new Command("audit", Examples.Short(Examples.Audit))
        {
            Target, Server, TokenFile, Of, Action, Address, Code, Since, Until, Limit, Follow,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(Limit) is not null && result.GetValue(Limit) is < 1 or > 1_000_000)
                result.AddError("--limit must be 1 to 1,000,000.");
        });
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        if (parsed.GetValue(Since) > parsed.GetValue(Until))
            throw new CliException(ExitCode.Usage, "--since must not be after --until.");
        CommandContext context = CommandContext.Of(parsed);
        using CancellationTokenSource either = context.Output.StopOrClosed(stop);
        stop = either.Token;
        string? target = parsed.GetValue(Target) is { } given ? Inputs.ReadTarget(context, given) : null;
        var access = new AdminAccess(context, parsed.GetValue(Server), parsed.GetValue(TokenFile));
        if (target is not null)
        {
            return await access.OnShareAsync(
                target, (client, shareId) =>
                    ShowAsync(context, client, shareId, parsed, stop), stop).ConfigureAwait(false);
        }

        await using AdminClient root = await access.OpenRootAsync(access.Server, stop).ConfigureAwait(false);
        return await ShowAsync(context, root, null, parsed, stop).ConfigureAwait(false);
    }

    private static async Task<int> ShowAsync(
        CommandContext context, AdminClient client, string? shareId, ParseResult parsed, CancellationToken stop)
    {
        IReadOnlyList<CapabilityInfo> holders = context.Output.IsJson && parsed.GetValue(Of) is null
            ? [] : await client.ListCapabilitiesAsync(shareId, stop).ConfigureAwait(false);
        var filter = new AuditRequest
        {
            ShareId = shareId, CapId = parsed.GetValue(Of) is { } one ? CapIdOf(one.Trim(), holders) : null,
            Action = parsed.GetValue(Action), Address = parsed.GetValue(Address), Code = parsed.GetValue(Code),
            SinceMs = parsed.GetValue(Since)?.ToUnixTimeMilliseconds(),
            UntilMs = parsed.GetValue(Until)?.ToUnixTimeMilliseconds(),
        };
        bool follow = parsed.GetValue(Follow);
        long last = follow ? await NewestPositionAsync(client, shareId, stop).ConfigureAwait(false) : 0;
        IReadOnlyList<AuditEntry> newest =
            await NewestAsync(client, filter, parsed.GetValue(Limit), stop).ConfigureAwait(false);
        var names = holders.Where(one => one.Label is not null).ToDictionary(one => one.CapId, one => one.Label!,
            StringComparer.Ordinal);
        Say(context.Output, newest, names, withHeading: true);
        if (!follow) context.Output.Say(
            "Openings, refusals and appends appear up to a minute late; sharerpc who shows connections at once.");
        last = Math.Max(last, newest.Count == 0 ? 0 : newest[^1].Position);
        while (follow && !stop.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(FollowInterval, context.Time, stop).ConfigureAwait(false);
                for (bool isLast = false; !isLast;)
                {
                    AuditRequest request = filter with { After = last };
                    AuditPage page = await client.ListAuditAsync(request, stop).ConfigureAwait(false);
                    Say(context.Output, page.Entries, names, withHeading: false);
                    last = page.Next ?? (page.Entries.Count == 0 ? last : page.Entries[^1].Position);
                    isLast = page.Next is null;
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // Ctrl-C ends the follow mode.
            }
        }

        return ExitCode.Ok;
    }

    private static string CapIdOf(string text, IReadOnlyList<CapabilityInfo> holders)
    {
        if (LinkFinder.TryFind(text, out ShareLink? link)) return link.Token.CapId;
        List<CapabilityInfo> named = [.. holders.Where(one => one.Label == text)];
        return named.Count switch
        {
            1 => named[0].CapId,
            0 when RandomId.IsValid(text) => text,
            0 => throw new CliException(ExitCode.Usage, "No access has this name; sharerpc who lists them."),
            _ => throw new CliException(
                ExitCode.Usage, $"{named.Count} accesses have this name: give the cap id from sharerpc who."),
        };
    }

    private static async Task<long> NewestPositionAsync(AdminClient client, string? shareId, CancellationToken stop)
    {
        var request = new AuditRequest { ShareId = shareId, NewestFirst = true, Limit = 1 };
        AuditPage page = await client.ListAuditAsync(request, stop).ConfigureAwait(false);
        return page.Entries.Count == 0 ? 0 : page.Entries[0].Position;
    }

    /// <summary>Returns the oldest of them first.</summary>
    private static async Task<IReadOnlyList<AuditEntry>> NewestAsync(
        AdminClient client, AuditRequest filter, int limit, CancellationToken stop)
    {
        var entries = new List<AuditEntry>();
        long? after = 0;
        while (after is { } position && entries.Count < limit)
        {
            AuditRequest request = filter with { After = position, NewestFirst = true };
            AuditPage page = await client.ListAuditAsync(request, stop).ConfigureAwait(false);
            entries.AddRange(page.Entries.Take(limit - entries.Count));
            after = page.Next;
        }

        entries.Reverse();
        return entries;
    }

    private static Option<string?> Text(string name, string description, string helpName)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = helpName };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && result.Tokens[0].Value.Length is 0 or > 64)
                result.AddError($"{name} must have 1 to 64 characters.");
        });
        return option;
    }

    private static void Say(
        Output output, IReadOnlyList<AuditEntry> entries, IReadOnlyDictionary<string, string> names, bool withHeading)
    {
        foreach (AuditEntry entry in entries) output.Emit(entry);
        if (output.IsJson || (entries.Count == 0 && !withHeading)) return;
        var table = new Columns("TIME (UTC)", "ACTION", "WHO", "WHOM", "SHARE", "WHAT");
        foreach (AuditEntry entry in entries)
            table.Add(CaveatText.When(entry.TimeMs), entry.Action, Name(entry.Actor), Name(entry.Subject),
                entry.ShareId, What(entry));
        foreach (string line in table.Lines().Skip(withHeading ? 0 : 1)) output.Say(line);

        string Name(string? capId) =>
            capId is null ? "-" : names.TryGetValue(capId, out string? label) ? $"{label} ({capId})" : capId;
    }

    private static string What(AuditEntry entry)
    {
        var parts = new List<string>();
        if (entry.Count is { } count) parts.Add(string.Create(CultureInfo.InvariantCulture, $"{count} times"));
        if (entry.Bytes is { } bytes) parts.Add(string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes"));
        if (entry.Code is { } code) parts.Add(code);
        if (entry.Address is { } address) parts.Add($"from {address}");
        return string.Join(", ", parts);
    }
}
