using ShareRpc.Cli.Terminal;
using ShareRpc.Client;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Sources.Following;
using ShareRpc.Sources.Opencode;
using ShareRpc.Sources.Opencode2;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Cli.Sharing;

/// <summary>Which sessions a command shares, and through which sources they are read.</summary>
/// <param name="Catalog">The storages.</param>
/// <param name="Chosen">The one session; null for all.</param>
/// <param name="Older">The selection in the tables of OpenCode 1; null to leave them alone.</param>
/// <param name="Own">The chosen session of OpenCode 1, if opencode itself shares it.</param>
internal sealed record SessionChoice(
    SessionCatalog Catalog, (string Agent, string Id)? Chosen, OpencodeSelection? Older, OwnSession? Own)
{
    /// <summary>
    /// Chooses by id, all, or the newest, and says what was taken. Throws what a storage that cannot be placed says:
    /// the newest session may be there.
    /// </summary>
    public static SessionChoice Of(
        CommandContext context, SessionCatalog catalog, string? sessionId, bool isAll, bool mayBeOwn, string? server)
    {
        if (isAll) return OfAll(catalog);
        CatalogEntry? entry = sessionId is null
            ? catalog.FindLatest(Environment.CurrentDirectory) : catalog.Find(sessionId);
        if (entry is null) return Missing(context, catalog, sessionId, mayBeOwn, server);
        if (sessionId is null) Say(context, entry.Session);
        if (entry.Session.Agent == "opencode")
        {
            foreach (string newer in OpencodePaths.NewerBeside(entry.Session.Path))
                context.Output.Note($"sharerpc: {newer} was written later. To read that, name it with --opencode.");
        }

        (string, string) chosen = (entry.Session.Agent, entry.Session.Id);
        if (!entry.IsOlder) return new SessionChoice(catalog, chosen, Older: null, Own: null);
        OpencodeSelection older = OpencodeSelection.Of(entry.Session.Id);
        OwnSession? own = mayBeOwn ? OwnSession.Find(context, catalog.OpencodePath, older, server) : null;
        return new SessionChoice(catalog, chosen, older, own);
    }

    /// <summary>Opens the sources; reads nothing yet. The caller disposes them.</summary>
    public SharingSources Open(ShareClient client, SourceSettings settings)
    {
        OpencodeSessions? older = Older is null ? null : new OpencodeSessions(client, new OpencodeOptions
        {
            DatabasePath = Catalog.OpencodePath, LockPath = settings.LockPath, Selection = Own?.Selection ?? Older,
            Into = settings.Into, Secrets = settings.Secrets,
        }, settings.Time);

        // What opencode itself shares ends with a migration: OpenCode 2 has no sharing.
        if (Own is not null || Catalog.Storages.Count == 0) return new SharingSources(older, followed: null);
        return new SharingSources(older, new FollowedSessions(client, new FollowOptions
        {
            Storages = Catalog.Storages, LockPath = settings.LockPath, Chosen = Chosen, Into = settings.Into,
            Secrets = settings.Secrets, Before = EarlierGeneration.RemovalsAsync,
        }, settings.Time));
    }

    private static SessionChoice OfAll(SessionCatalog catalog)
    {
        if (catalog.Storages.Count == 0 && !catalog.HasOlder) throw NoSession();
        OpencodeSelection? older = catalog.HasOlder ? OpencodeSelection.All : null;
        return new SessionChoice(catalog, Chosen: null, older, Own: null);
    }

    /// <summary>Returns the choice of a session of OpenCode 1 that is not listed, as a subagent's.</summary>
    private static SessionChoice Missing(
        CommandContext context, SessionCatalog catalog, string? sessionId, bool mayBeOwn, string? server)
    {
        if (catalog.HasOlder && (sessionId is null || catalog.HoldsOlder(sessionId)))
        {
            OpencodeSelection older = sessionId is null ? OpencodeSelection.Latest : OpencodeSelection.Of(sessionId);
            OwnSession? own = mayBeOwn ? OwnSession.Find(context, catalog.OpencodePath, older, server) : null;
            return new SessionChoice(catalog, ("opencode", sessionId ?? ""), older, own);
        }

        throw sessionId is null ? NoSession() : new CliException(ExitCode.Error,
            $"There is no session {SafeText.Line(sessionId, 100)} here. sharerpc sessions lists those that are.");
    }

    private static CliException NoSession() =>
        new(ExitCode.Error, "No session of such an agent was found on this machine. Start one, then share it.");

    private static void Say(CommandContext context, AgentSession session)
    {
        string age = AgeText.Of(context.Time.GetUtcNow() - session.Updated);
        string title = session.Title.Length == 0 ? "without title" : $"\"{SafeText.Line(session.Title, 60)}\"";
        context.Output.Say($"The newest session is of {session.Agent}: {title}, changed {age} ago.");
    }
}

/// <summary>How the sources of a command are opened.</summary>
/// <param name="LockPath">See <see cref="FollowOptions.LockPath"/>.</param>
/// <param name="Into">The share to continue; null to create one.</param>
/// <param name="Secrets">What replaces secrets; null for nothing.</param>
/// <param name="Time">The clock.</param>
internal sealed record SourceSettings(
    string LockPath, ShareLink? Into, SecretScanner? Secrets, TimeProvider Time);
