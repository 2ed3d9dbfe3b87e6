using System.CommandLine;
using ShareRpc.Cli.Sharing;
using ShareRpc.Cli.State;
using ShareRpc.Client;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Sources.Opencode.Files;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Cli.Commands;

internal static class Share
{
    private static readonly Option<string?> Server = Inputs.Server();
    private static readonly Option<string?> TokenFile = Inputs.TokenFile();

    private static readonly Option<string?> Opencode = OpencodeDatabasePath();
    private static readonly Option<string?> OfAgent = NamedAgent("Shares sessions of this agent only");

    private static readonly Option<string?> OpencodeFiles = new("--opencode-files")
    {
        Description =
            "Imports the sessions of opencode before 1.2 from its storage folder, usually "
                + "~/.local/share/opencode/storage",
        HelpName = "PATH",
    };

    private static readonly Option<bool> Rescan =
        new("--rescan") { Description = "With --opencode-files: reads a folder again that was imported before" };

    private static readonly Option<string?> Session =
        new("--session") { Description = "Shares this session and its subagents", HelpName = "ID" };
    private static readonly Option<bool> Latest = new("--latest")
    {
        Description = "Shares the newest session of the current directory, else of this machine (the default)",
    };
    private static readonly Option<bool> All =
        new("--all") { Description = "Shares every session of every agent (or of --agent), later ones included" };

    private static readonly Option<string?> Into = Inputs.NamedLink(
        "--into", "Continues the share of this link, which must allow appends, instead of creating one");

    private static readonly Option<bool> NoSecretScan = new("--no-secret-scan")
    {
        Description = "Sends text that looks like a secret instead of replacing it (see sharerpc secrets --help)",
    };

    private static readonly Option<string?> SecretRules = Secrets.RulesFile();

    private static readonly Option<bool> Once = new("--once") { Description = "Ends when the server has everything" };

    private static readonly Option<double> Timeout = new("--timeout")
    {
        Description = "With --once: seconds without progress after which to give up, less than 86,400",
        HelpName = "SECONDS", DefaultValueFactory = _ => 30,
    };

    public static Command Build()
    {
        var command = new Command("share", Examples.Short(Examples.Share)) { Server, TokenFile, OfAgent, Opencode,
            OpencodeFiles, Rescan, Session, Latest, All, Into, Once, Timeout, NoSecretScan, SecretRules };
        command.Validators.Add(result =>
        {
            int chosen = (result.GetValue(Session) is null ? 0 : 1) + (result.GetValue(Latest) ? 1 : 0)
                + (result.GetValue(All) ? 1 : 0);
            if (chosen > 1) result.AddError("Give only one of --session, --latest and --all.");
            if (result.GetResult(Into) is not null && result.GetValue(All))
                result.AddError("--into takes one session. Choose it with --session or --latest.");
            bool isImport = result.GetResult(OpencodeFiles) is not null;
            if (isImport
                && (chosen > 0 || result.GetResult(Opencode) is not null || result.GetResult(Into) is not null
                    || result.GetResult(OfAgent) is not null))
                result.AddError(
                    "--opencode-files imports every session of the folder and cannot be combined with a choice of "
                        + "sessions.");
            if (result.GetValue(NoSecretScan) && result.GetResult(SecretRules) is not null)
                result.AddError("--secret-rules and --no-secret-scan exclude each other.");
            if (result.GetValue(Rescan) && !isImport) result.AddError("--rescan needs --opencode-files.");
            Inputs.CheckSeconds(result, Timeout);
        });
        command.SetAction(RunAsync);
        return command;
    }

    /// <summary>Makes the option that names a database of opencode.</summary>
    public static Option<string?> OpencodeDatabasePath() => new("--opencode")
    {
        Description =
            "Database of opencode [default: $OPENCODE_DB, else $XDG_DATA_HOME/opencode/opencode.db, else "
                + "~/.local/share/opencode/opencode.db]",
        HelpName = "PATH",
    };

    /// <summary>Makes the option that names an agent.</summary>
    public static Option<string?> NamedAgent(string description)
    {
        string names = string.Join(", ", SessionCatalog.Agents);
        var agent = new Option<string?>("--agent") { Description = $"{description}: {names}", HelpName = "AGENT" };
        agent.CompletionSources.Add(SessionCatalog.Agents);
        agent.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var named }] && !SessionCatalog.Agents.Contains(named))
                result.AddError($"There is no agent {named} here: --agent takes one of {names}.");
        });
        return agent;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        CommandContext context = CommandContext.Of(parsed);
        ShareLink? into = parsed.GetValue(Into) is { } link ? Inputs.ReadLink(context, link, isNamed: true) : null;
        var token = new CreatorToken(context, parsed.GetValue(TokenFile));
        SecretScanner? secrets = parsed.GetValue(NoSecretScan) ? null : Secrets.ScannerOf(parsed.GetValue(SecretRules));
        ClientState state = context.State.Ensured();
        if (parsed.GetValue(OpencodeFiles) is { } files)
        {
            var import = new OpencodeFilesOptions
            {
                Path = files, LockPath = state.SyncLockPath, Rescan = parsed.GetValue(Rescan), Secrets = secrets,
            };
            Uri target = Inputs.ServerAddress(context, parsed.GetValue(Server));
            string importer = token.Require(target);
            if (parsed.GetValue(Server) is not null) state.KeepServer(target);
            return await RunAsync(parsed, context, (target, importer),
                (client, links, timeout) => new ImportRun(context, client, import, links).RunAsync(timeout, stop), stop)
                .ConfigureAwait(false);
        }

        var catalog = new SessionCatalog(
            SessionCatalog.HomeOf(context), parsed.GetValue(Opencode), parsed.GetValue(OfAgent));
        SessionChoice choice = Chosen(parsed, context, catalog, token, into is null);
        Uri server = into?.Server ?? choice.Own?.Server ?? Inputs.ServerAddress(context, parsed.GetValue(Server));
        string? creator = into is not null ? null : choice.Own is null ? token.Require(server) : token.Find(server);
        if (into is null && choice.Own is null && parsed.GetValue(Server) is not null) state.KeepServer(server);
        return await RunAsync(parsed, context, (server, creator), async (client, links, timeout) =>
        {
            CheckInto(client, choice, into);
            using SharingSources sources = choice.Open(client, new SourceSettings(
                state.SyncLockPath, into, secrets, context.Time));
            var run = new SharingRun(context, sources, links);
            using CancellationTokenSource either = context.Output.StopOrClosed(stop);
            return parsed.GetValue(Once)
                ? await run.OnceAsync(timeout, stop).ConfigureAwait(false)
                : await run.TailAsync(either.Token).ConfigureAwait(false);
        }, stop).ConfigureAwait(false);
    }

    /// <summary>Chooses the sessions. Of two things that are missing, the token is named first.</summary>
    private static SessionChoice Chosen(
        ParseResult parsed, CommandContext context, SessionCatalog catalog, CreatorToken token, bool mayCreate)
    {
        string? server = parsed.GetValue(Server);
        try
        {
            return SessionChoice.Of(
                context, catalog, parsed.GetValue(Session), parsed.GetValue(All), mayCreate, server);
        }
        catch (CliException) when (mayCreate)
        {
            token.Require(Inputs.ServerAddress(context, server));
            throw;
        }
    }

    /// <summary>Refuses a link when the session has another share already, in which it would go on.</summary>
    private static void CheckInto(ShareClient client, SessionChoice choice, ShareLink? into)
    {
        if (into is null || choice.Chosen is not var (agent, id)) return;
        if (client.FindShare($"{agent}:{id}") is not { } known || known.ShareId == into.ShareId) return;
        throw new CliException(ExitCode.Usage,
            $"This session is in the share {known.ShareId} already, so --into would change nothing. Leave out --into "
            + "to continue that share.");
    }

    /// <summary>Runs what needs a client of a server, whose creator token is named by its cap id.</summary>
    private static async Task<int> RunAsync(
        ParseResult parsed, CommandContext context, (Uri Address, string? Creator) server,
        Func<ShareClient, LinkCheck, TimeSpan, Task<int>> run, CancellationToken stop)
    {
        ShareClient client = await ShareClient.OpenAsync(
            context.State.ClientOptions(server.Address, server.Creator), context.Time, cancellationToken: stop)
            .ConfigureAwait(false);
        await using (client.ConfigureAwait(false))
        {
            await using var links = new LinkCheck(context, server.Address, server.Creator);
            return await run(client, links, TimeSpan.FromSeconds(parsed.GetValue(Timeout))).ConfigureAwait(false);
        }
    }
}
