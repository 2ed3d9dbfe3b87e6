using System.CommandLine;
using System.Globalization;
using ShareRpc.Cli.Sharing;
using ShareRpc.Cli.State;
using ShareRpc.Cli.Terminal;
using ShareRpc.Client;
using ShareRpc.Client.Writing;
using ShareRpc.Sources.Following;

namespace ShareRpc.Cli.Commands;

internal static class Sessions
{
    private static readonly Option<string?> Opencode = Share.OpencodeDatabasePath();
    private static readonly Option<string?> OfAgent = Share.NamedAgent("Lists only the sessions of this agent");

    public static Command Build()
    {
        var command = new Command("sessions", Examples.Short(Examples.Sessions)) { OfAgent, Opencode };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        CommandContext context = CommandContext.Of(parsed);
        var catalog = new SessionCatalog(
            SessionCatalog.HomeOf(context), parsed.GetValue(Opencode), parsed.GetValue(OfAgent));
        (IReadOnlyList<CatalogEntry> sessions, IReadOnlyList<string> failures) = catalog.SessionsAndFailures();
        Dictionary<string, string> shared = await SharesAsync(context, stop).ConfigureAwait(false);
        var table = new Columns("AGENT", "AGE", "SIZE", "SHARED", "SESSION", "TITLE");
        DateTimeOffset now = context.Time.GetUtcNow();
        foreach ((AgentSession session, _) in sessions)
        {
            string? share = shared.GetValueOrDefault(session.ExternalKey);
            context.Output.Emit(new
            {
                session.Agent, session.Id, session.Title, session.Directory,
                UpdatedMs = session.Updated.ToUnixTimeMilliseconds(),
                Size = session.Size < 0 ? (long?)null : session.Size, session.Path, session.AgentVersion,
                Shared = share is not null, ShareId = share,
            });
            table.Add(session.Agent, AgeText.Of(now - session.Updated), SizeOf(session.Size),
                share is null ? "no" : "yes", session.Id, session.Title);
        }

        if (sessions.Count > 0) table.Say(context.Output);
        else if (failures.Count == 0)
            context.Output.Say($"No session of {string.Join(", ", SessionCatalog.Agents)} was found on this machine.");
        foreach (string failure in failures) context.Output.Fail(failure, ExitCode.Error);
        return failures.Count == 0 ? ExitCode.Ok : ExitCode.Error;
    }

    /// <summary>Returns the share of each session that this machine has shared, whatever the server.</summary>
    private static async Task<Dictionary<string, string>> SharesAsync(CommandContext context, CancellationToken stop)
    {
        var shared = new Dictionary<string, string>(StringComparer.Ordinal);
        if (!File.Exists(context.State.OutboxPath)) return shared;
        var known = new KnownShares(context);
        foreach (Uri server in known.Servers)
        {
            await using ShareClient client = await known.OpenAsync(server, send: false, stop).ConfigureAwait(false);
            foreach (ShareWriter share in client.Shares) shared[share.ExternalKey.Split('@')[0]] = share.ShareId;
        }

        return shared;
    }

    private static string SizeOf(long bytes) => bytes switch
    {
        < 0 => "",
        < 1 << 20 => string.Create(CultureInfo.InvariantCulture, $"{(bytes + 1023) / 1024} KB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1 << 20)} MB"),
    };
}
