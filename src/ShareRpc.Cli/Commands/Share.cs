using System.CommandLine;
using ShareRpc.Cli.Sharing;
using ShareRpc.Cli.State;
using ShareRpc.Client;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Sources.Opencode;
using ShareRpc.Sources.Opencode.Files;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Cli.Commands;

internal static class Share
{
    private static readonly Option<string?> Server = Inputs.Server();
    private static readonly Option<string?> TokenFile = Inputs.TokenFile();

    private static readonly Option<string?> Opencode = new("--opencode")
    {
        Description =
            "Database of opencode [default: $XDG_DATA_HOME/opencode/opencode.db, else "
                + "~/.local/share/opencode/opencode.db]",
        HelpName = "PATH",
    };

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
        new("--session") { Description = "Shares this session and those of its subagents", HelpName = "ID" };
    private static readonly Option<bool> Latest = new("--latest")
    {
        Description = "Shares the session that was updated last and those of its subagents (the default)",
    };
    private static readonly Option<bool> All =
        new("--all") { Description = "Shares every session, later ones included" };

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
        var command = new Command("share", Examples.Short(Examples.Share)) { Server, TokenFile, Opencode, OpencodeFiles,
            Rescan, Session, Latest, All, Into, Once, Timeout, NoSecretScan, SecretRules };
        command.Validators.Add(result =>
        {
            int chosen = (result.GetValue(Session) is null ? 0 : 1) + (result.GetValue(Latest) ? 1 : 0)
                + (result.GetValue(All) ? 1 : 0);
            if (chosen > 1) result.AddError("Give only one of --session, --latest and --all.");
            if (result.GetResult(Into) is not null && result.GetValue(All))
                result.AddError("--into takes one session. Choose it with --session or --latest.");
            bool isImport = result.GetResult(OpencodeFiles) is not null;
            if (isImport
                && (chosen > 0 || result.GetResult(Opencode) is not null || result.GetResult(Into) is not null))
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

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        CommandContext context = CommandContext.Of(parsed);
        ShareLink? into = parsed.GetValue(Into) is { } link ? Inputs.ReadLink(context, link, isNamed: true) : null;
        var token = new CreatorToken(context, parsed.GetValue(TokenFile));
        SecretScanner? secrets = parsed.GetValue(NoSecretScan) ? null : Secrets.ScannerOf(parsed.GetValue(SecretRules));
        ClientState state = context.State.Ensured();
        string path = parsed.GetValue(Opencode) ?? OpencodeDatabase.DefaultPath;
        OpencodeSelection selection = SelectionOf(parsed);
        bool mayBeOwn = into is null && !selection.IsAll && parsed.GetValue(OpencodeFiles) is null;
        OwnSession? own = mayBeOwn ? OwnSession.Find(context, path, selection, parsed.GetValue(Server)) : null;
        Uri server = into?.Server ?? own?.Server ?? Inputs.ServerAddress(context, parsed.GetValue(Server));
        string? creator = into is not null ? null : own is null ? token.Require(server) : token.Find(server);
        if (into is null && own is null && parsed.GetValue(Server) is not null) state.KeepServer(server);
        ShareClient client =
            await ShareClient.OpenAsync(state.ClientOptions(server, creator), context.Time, cancellationToken: stop)
            .ConfigureAwait(false);
        await using (client.ConfigureAwait(false))
        {
            await using var links = new LinkCheck(context, server, creator);
            TimeSpan timeout = TimeSpan.FromSeconds(parsed.GetValue(Timeout));
            if (parsed.GetValue(OpencodeFiles) is { } files)
            {
                var import = new OpencodeFilesOptions
                {
                    Path = files, LockPath = state.SyncLockPath, Rescan = parsed.GetValue(Rescan), Secrets = secrets,
                };
                return await new ImportRun(context, client, import, links).RunAsync(timeout, stop)
                    .ConfigureAwait(false);
            }

            var options = new OpencodeOptions
            {
                DatabasePath = path, LockPath = state.SyncLockPath, Selection = own?.Selection ?? selection,
                Into = into,
                WithoutSubagents = into is not null || creator is null, Secrets = secrets,
            };
            using var sessions = new OpencodeSessions(client, options, context.Time);
            var run = new SharingRun(context, sessions, links);
            using CancellationTokenSource either = context.Output.StopOrClosed(stop);
            return parsed.GetValue(Once)
                ? await run.OnceAsync(timeout, stop).ConfigureAwait(false)
                : await run.TailAsync(either.Token).ConfigureAwait(false);
        }
    }

    private static OpencodeSelection SelectionOf(ParseResult parsed)
    {
        if (parsed.GetValue(All)) return OpencodeSelection.All;
        return parsed.GetValue(Session) is { } id ? OpencodeSelection.Of(id) : OpencodeSelection.Latest;
    }
}
