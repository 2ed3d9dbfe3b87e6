using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace ShareRpc.Cli;

internal static class Examples
{
    public const string Root = """
        Shares coding-agent sessions: durable, live, with access that can be revoked.

        First steps, each in a terminal of its own:
          sharerpc demo                      shows everything in a temporary folder
          sharerpc serve                     runs a server on http://127.0.0.1:8787
          sharerpc sessions                  lists the sessions of the agents on this machine
          sharerpc share --latest            shares the newest session and prints a link
          sharerpc watch 'LINK'              follows that session
          sharerpc who SESSION_ID            lists who has access and who is connected
          sharerpc revoke 'LINK'             revokes the link

        Exit codes: 0 success, 1 error, 2 usage, 3 denied or revoked, 4 server unreachable, or stopped while ops wait.
        """;

    public const string Serve = """
        Runs a share server until Ctrl-C or SIGTERM.

        The first start creates the data directory and writes the root token to DIR/root.token (mode 0600). Whoever has
        that file administers the server. On Ctrl-C or SIGTERM, the server commits what is queued and stops.

        Each flag is also a key of sharerpc.json ("public_url") and a variable (SHARERPC_PUBLIC_URL): a flag wins over a
        variable, a variable over the file. docs/configuration.md has the table.

        Examples:
          sharerpc serve
          sharerpc serve --data /var/lib/sharerpc --urls http://0.0.0.0:8787 --public-url https://share.example.org
          sharerpc serve --urls https://0.0.0.0:8443 --tls-cert fullchain.pem --tls-key privkey.pem
        """;

    public const string Doctor = """
        Looks for what is broken between this machine and a server, or in what a server needs, and says what to do.

        Without a verb: rights and disk of what this machine keeps, the outbox, proxy, name, reach, TLS, clock,
        WebSocket, token and versions. doctor serve takes the same file and flags as serve and looks at configuration,
        data directory, addresses, keys, certificate, proxy, clock and open files. It changes nothing. The exit code is
        1 if a check failed.

        Examples:
          sharerpc doctor
          sharerpc doctor --server https://share.example.org
          sharerpc doctor --ready --server http://127.0.0.1:8787    asks only whether the server is ready
          sharerpc doctor serve --data /var/lib/sharerpc
        """;

    public const string Init = """
        Prepares a PostgreSQL database for several nodes, once.

        Makes the tables, the file with the keys and the root token, each unless it is there. Every node needs the same
        file with the keys. The password is better in ~/.pgpass or $PGPASSWORD than in the command.

        Examples:
          sharerpc init --postgres 'Host=db;Database=sharerpc;Username=sharerpc' --keys keys --root-token root.token
          sharerpc serve --postgres 'Host=db;Database=sharerpc;Username=sharerpc' --keys keys --node-name a
        """;

    public const string Share = """
        Shares sessions of coding agents while they grow, until Ctrl-C.

        Takes the newest session of any agent in the current directory, else of this machine, and says which. Reads what
        the agents keep and never writes to it. Everything goes into an outbox on disk first, so the link is printed at
        once, even offline. Run the command again after a crash or an outage: it continues where it was. Later commands
        use the server of the last share --server. Subagents are in the share of their session; those of OpenCode 1 are
        shared with links of their own. Text that looks like a key, token or password is replaced before it is queued;
        this recognises known patterns only (sharerpc secrets --help).

        Examples:
          sharerpc share                                    shares the newest session
          sharerpc share --agent codex --latest             shares the newest session of Codex
          sharerpc share --all --once                       shares all sessions as they are now, then ends
          sharerpc share --session ses_... --server https://share.example.org --token-file creator.token
          sharerpc share --session ses_... --into 'LINK'    continues a share; LINK must allow appends
          sharerpc share --opencode-files ~/.local/share/opencode/storage
        """;

    public const string Sessions = """
        Lists the sessions of coding agents on this machine: agent, age, size, whether shared from here, id and title.

        Reads what Claude Code, Codex, Gemini CLI and OpenCode keep, and never writes to it. A storage of a form that
        this version does not know is named, and the exit code is 1.

        Examples:
          sharerpc sessions
          sharerpc sessions --agent opencode
          sharerpc sessions --json
        """;

    public const string Watch = """
        Follows a shared session in the terminal.

        Ends with exit code 3 when the link is revoked. Quote the link: it contains a '#'. Other users of this machine
        can see arguments; with - the link is a line of standard input.

        Examples:
          sharerpc watch 'http://127.0.0.1:8787/s/ID#srpc_...'
          sharerpc watch - < link.txt
          sharerpc watch 'LINK' --once           prints what there is, then ends
          sharerpc watch 'LINK' --json           prints every op as a line of JSON
        """;

    public const string Pull = """
        Imports a shared session into opencode on this machine or in this container.

        Runs opencode's own import, once, in the current folder, which should be the project's. What the agent does here
        afterwards is a session of its own; share --into 'LINK' continues the same share. The import gets an address
        with a token in its arguments, which other users of this machine can see. A link that may invite creates a token
        for the import alone; it is revoked after the import.

        Examples:
          sharerpc pull 'LINK' --into opencode
          sharerpc pull 'LINK' --into opencode --print           prints the command; its token is valid for 15 minutes
          sharerpc pull 'LINK' --into opencode --opencode-binary ~/.opencode/bin/opencode
        """;

    public const string Mcp = """
        Serves the tools of this program to a coding agent, by the Model Context Protocol on standard input and output.

        The agent can then list the sessions of this machine, share one, read any by its link, search it, list who has
        access, make links and revoke them. It may do what you may: have it ask before it shares, invites or revokes.
        docs/mcp.md has the configuration of Claude Code, Codex and opencode.

        Examples:
          claude mcp add sharerpc -- sharerpc mcp
          codex mcp add sharerpc -- sharerpc mcp
        """;

    public const string Export = """
        Saves a shared session as one HTML file, with search and diffs, that opens without a network.

        The file holds what the link shows when it is made, and neither the link nor another key. Who has the file keeps
        it: a revocation does not reach it.

        Examples:
          sharerpc export 'LINK' --html
          sharerpc export - --html --out review.html < link.txt
        """;

    public const string Preview = """
        Prints a link with a title, which the previews of chat programs then show.

        Without it a preview says "A shared session", or what the server's operator chose, and nothing of the session.
        The text stands in the link, signed by the server: who has the link has the text, also after a revocation. To
        send a link without it, send the link as invite printed it.

        Examples:
          sharerpc preview 'LINK' --title 'Fix of the flaky test'
          sharerpc preview - --title 'Review' --description 'Two open questions' < link.txt
        """;

    public const string Invite = """
        Creates another link to a share, which can be limited and revoked by itself.

        On the machine that shares, this works offline: the link is printed at once, and is valid when the server has
        received it. With a root token it works for every share. On a terminal, the link is shown as a QR code as well.

        Examples:
          sharerpc invite SHARE_ID --label 'for Ana' --comment --presence
          sharerpc invite ses_... --expires 7d --redact tools,reasoning
          sharerpc invite ses_... --max-uses 1 --expires-unused 1d --passphrase
          sharerpc invite ses_... --rights append --append-kinds message,part --max-ops-per-day 1000
        """;

    public const string Comments = """
        Lists what readers say about a share, and answers it, as the owner of the share or by a link that may comment.

        Examples: sharerpc comments ses_... --open; sharerpc comments reply ses_... 4fG2 'Fixed in the next commit.'
        """;

    public const string Who = """
        Lists who has access to a share: every link, its limits, whether it is connected, and when it was last used.

        Examples:
          sharerpc who ses_...
          sharerpc who SHARE_ID --server https://share.example.org --token-file root.token
        """;

    public const string Audit = """
        Lists who did what, and when: links that were opened or refused, invitations, revocations, suspensions, appends.

        Openings, refusals and appends are counted per minute and can appear up to a minute late. The owner of a share
        sees the entries of the share; root sees all.

        Examples:
          sharerpc audit ses_...
          sharerpc audit --limit 1000 --json
          sharerpc audit --action refused --since 7d
          sharerpc audit SHARE_ID --of Ana --since 2026-11-01 --until 2026-12-01
          sharerpc audit SHARE_ID --follow
        """;

    public const string Suspend = """
        Suspends an access until sharerpc resume: a link, an owner or an agent.

        Whatever was derived from it is suspended too. A suspended agent keeps its ops in its outbox and sends them
        after sharerpc resume. To end an access for good, use sharerpc revoke.

        Examples:
          sharerpc suspend 'LINK'
          sharerpc suspend CAP_ID
        """;

    public const string Resume = """
        Resumes an access that was suspended.

        Examples:
          sharerpc resume 'LINK'
          sharerpc resume CAP_ID
        """;

    public const string Rotate = """
        Replaces the secret of an access; the old link or token, and all that was derived from it, end at once.

        The new token is stored on disk before it is sent. If the answer is lost, run the command again: it finishes
        with the same token. A running sharerpc share on this machine continues with the new one.

        Examples:
          sharerpc rotate 'LINK'
          sharerpc rotate CAP_ID --yes
        """;

    public const string Rm = """
        Erases a share and its content for everybody; this cannot be undone.

        Needs a root token, or the token of the agent that created the share. To end one link only, use sharerpc revoke.

        Examples:
          sharerpc rm SHARE_ID
          sharerpc rm ses_... --yes
        """;

    public const string Agent = """
        Manages the machines that may share sessions; needs the root token.

        Revoking an agent ends the owner access of its shares and every invitation to them. With --keep-shares, the
        shares go to root first, and readers keep their access. Nothing is erased; use sharerpc rm for that.

        Examples:
          sharerpc agent add --label laptop --out laptop.token
          sharerpc agent ls
          sharerpc agent revoke laptop --keep-shares
        """;

    public const string Revoke = """
        Revokes a link for good: the server ends its connections and refuses it from now on.

        Examples:
          sharerpc revoke 'http://127.0.0.1:8787/s/ID#srpc_...'
          sharerpc revoke CAP_ID
        """;

    public const string Ls = """
        Lists the shares on a server: all with the root token, your own with a creator token.

        Examples:
          sharerpc ls
          sharerpc ls --server https://share.example.org --token-file creator.token --json
        """;

    public const string Find = """
        Finds sessions on a server by their words: all with the root token, your own with a creator token.

        Words match whole, in any case; the parts of a name such as FoldPlan match, too. The newest session comes first;
        of each, its newest message or tool call that has all words. The audit trail shows that somebody searched. The
        address opens in a browser that has opened a link of the session before.

        Examples:
          sharerpc find sweeper lease
          sharerpc find 'retry after' --limit 5 --json
        """;

    public const string Backup = """
        Copies the data of a server or of a cluster, running or not, as of one moment.

        The copy contains database, keys and root token, for its owner alone. sharerpc restore brings it back.

        Examples:
          sharerpc backup --data /var/lib/sharerpc /backups/sharerpc-2026-11-21
          sharerpc backup --postgres 'Host=db;Database=sharerpc' --keys keys /backups/sharerpc-2026-11-21
        """;

    public const string Check = """
        Checks a server's data directory, or a backup, for damage, and changes nothing.

        Reads everything: the pages of the file, that no op is missing or duplicated, that every acknowledged op is
        recorded, and that the documents follow from the log. The server may be running. Exit code 1 means that there
        are findings.

        Examples:
          sharerpc check
          sharerpc check --data /var/lib/sharerpc --json
          sharerpc check --postgres 'Host=db;Database=sharerpc;Username=sharerpc'
        """;

    public const string Secrets = """
        Shows what sharerpc share replaces: text that looks like a key, token or password.

        A finding becomes [redacted:RULE] in documents and titles before anything is queued. share and outbox status
        count the findings. The rules know patterns, not meaning: other secrets are sent, and what was sent before stays
        sent.

        FILE for --secret-rules adds rules and leaves built-in ones out. A rule must match its example and not its
        counterexample:
          {"rules": [{"id": "acme-key", "what": "a key of Acme", "keywords": ["acme_"], "pattern": "acme_[0-9a-z]{20}",
                      "example": ["acme_", "0123456789abcdefghij"], "counterexample": "acme_corp"}],
           "without": ["url-secret"]}
        Patterns are .NET regular expressions without lookaround. If a pattern has a group named secret, only that is
        replaced; if it has one named none, nothing is. Control sequences of terminals are taken out of a text before it
        is looked at.

        Examples:
          sharerpc secrets rules
          sharerpc secrets scan notes.txt --secret-rules acme.json
          sharerpc share --secret-rules acme.json
        """;

    public const string Outbox = """
        Shows what waits to be sent, and handles what the server refused.

        Examples:
          sharerpc outbox status
          sharerpc outbox retry --share SHARE_ID --timeout 60
          sharerpc outbox export > refused.jsonl
          sharerpc outbox drop --share SHARE_ID --waiting --yes     forgets a share of a wrong server
        """;

    public const string Demo = """
        Runs a server, a session, a reader and a revocation in a temporary folder, and checks each step.

        Examples:
          sharerpc demo
          sharerpc demo --json
        """;

    public static string Short(string text) => text.Split("\n\n", 2)[0];

    /// <summary>Returns the later paragraphs; a subcommand uses its parent's text.</summary>
    public static string? Of(Command command)
    {
        if (command is RootCommand) return Rest(Root);
        Command named = command.Parents.OfType<Command>().FirstOrDefault() is { } parent and not RootCommand
            ? parent : command;
        string? text = named.Name switch
        {
            "serve" => Serve + Configuration.LimitSettings.Help,
            "init" => Init,
            "share" => Share,
            "sessions" => Sessions,
            "watch" => Watch,
            "pull" => Pull,
            "mcp" => Mcp,
            "export" => Export,
            "preview" => Preview,
            "invite" => Invite,
            "comments" => Comments,
            "who" => Who,
            "audit" => Audit,
            "suspend" => Suspend,
            "resume" => Resume,
            "rotate" => Rotate,
            "keep" => Commands.Keep.Text,
            "rm" => Rm,
            "agent" => Agent,
            "revoke" => Revoke,
            "ls" => Ls,
            "find" => Find,
            "backup" => Backup,
            "restore" => Commands.Restore.Text,
            "move" => Commands.Move.Text,
            "check" => Check,
            "secrets" => Secrets,
            "outbox" => Outbox,
            "demo" => Demo,
            _ => null,
        };
        return text is null ? null : Rest(text);
    }

    private static string Rest(string text) => text.Split("\n\n", 2)[1];
}

internal sealed class HelpWithExamples(HelpAction usual) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        int exitCode = usual.Invoke(parseResult);
        if (Examples.Of(parseResult.CommandResult.Command) is { } more)
            parseResult.InvocationConfiguration.Output.WriteLine(more);
        return exitCode;
    }
}
