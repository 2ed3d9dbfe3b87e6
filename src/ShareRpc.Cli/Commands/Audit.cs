using System.CommandLine;
using System.Globalization;
using ShareRpc.Cli.Administration;
using ShareRpc.Cli.Terminal;
using ShareRpc.Client.Admin;
using ShareRpc.Protocol.Messages;

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

    private static readonly Option<bool> Follow = new("--follow") { Description = "Prints new entries until Ctrl-C" };

    public static Command Build()
    {
        var command = new Command("audit", Examples.Short(Examples.Audit)) { Target, Server, TokenFile, Limit, Follow };
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
        CommandContext context = CommandContext.Of(parsed);
        using CancellationTokenSource either = context.Output.StopOrClosed(stop);
        stop = either.Token;
        string? target = parsed.GetValue(Target) is { } given ? Inputs.ReadTarget(context, given) : null;
        var access = new AdminAccess(context, parsed.GetValue(Server), parsed.GetValue(TokenFile));
        int limit = parsed.GetValue(Limit);
        bool follow = parsed.GetValue(Follow);
        if (target is not null)
        {
            return await access.OnShareAsync(
                target, (client, shareId) =>
                    ShowAsync(context, client, shareId, limit, follow, stop), stop).ConfigureAwait(false);
        }

        await using AdminClient root = await access.OpenRootAsync(access.Server, stop).ConfigureAwait(false);
        return await ShowAsync(context, root, null, limit, follow, stop).ConfigureAwait(false);
    }

    private static async Task<int> ShowAsync(
        CommandContext context, AdminClient client, string? shareId, int limit, bool follow, CancellationToken stop)
    {
        IReadOnlyList<AuditEntry> newest = await NewestAsync(client, shareId, limit, stop).ConfigureAwait(false);
        IReadOnlyList<CapabilityInfo> holders = context.Output.IsJson
            ? [] : await client.ListCapabilitiesAsync(shareId, stop).ConfigureAwait(false);
        var names = holders.Where(one => one.Label is not null).ToDictionary(one => one.CapId, one => one.Label!,
            StringComparer.Ordinal);
        Say(context.Output, newest, names, withHeading: true);
        if (!follow) context.Output.Say(
            "Openings, refusals and appends appear up to a minute late; sharerpc who shows connections at once.");
        long last = newest.Count == 0 ? 0 : newest[^1].Position;
        while (follow && !stop.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(FollowInterval, context.Time, stop).ConfigureAwait(false);
                var request = new AuditRequest { After = last, ShareId = shareId };
                AuditPage page = await client.ListAuditAsync(request, stop).ConfigureAwait(false);
                Say(context.Output, page.Entries, names, withHeading: false);
                last = page.Entries.Count == 0 ? last : page.Entries[^1].Position;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // Ctrl-C ends the follow mode.
            }
        }

        return ExitCode.Ok;
    }

    /// <summary>Returns the oldest of them first.</summary>
    private static async Task<IReadOnlyList<AuditEntry>> NewestAsync(
        AdminClient client, string? shareId, int limit, CancellationToken stop)
    {
        var entries = new List<AuditEntry>();
        long? after = 0;
        while (after is { } position && entries.Count < limit)
        {
            var request = new AuditRequest { After = position, NewestFirst = true, ShareId = shareId };
            AuditPage page = await client.ListAuditAsync(request, stop).ConfigureAwait(false);
            entries.AddRange(page.Entries.Take(limit - entries.Count));
            after = page.Next;
        }

        entries.Reverse();
        return entries;
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
