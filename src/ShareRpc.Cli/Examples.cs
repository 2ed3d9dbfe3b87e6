using System.CommandLine;

namespace ShareRpc.Cli;

/// <summary>What the help says besides options: how the commands are meant to be used.</summary>
internal static class Examples
{
    public const string Root = """
        Share coding agent sessions: durable, live, revocable.

        First steps, each in a terminal of its own:
          sharerpc demo                      see everything work, in a temporary folder
          sharerpc serve                     run a server on http://127.0.0.1:8787
          sharerpc share --latest            share your latest opencode session with it; prints a link
          sharerpc watch 'LINK'              watch that session as it grows
          sharerpc who SESSION_ID            see who has access, and who is watching
          sharerpc revoke 'LINK'             take the link back

        Exit codes: 0 ok, 1 error, 2 usage, 3 denied or revoked, 4 server unreachable.
        """;

    public const string Serve = """
        Run a share server.

        The first start makes the data directory and writes the root token to DIR/root.token (mode 0600). Whoever has that file
        administers the server. Ctrl-C or SIGTERM finishes what is queued and stops.

        Examples:
          sharerpc serve
          sharerpc serve --data /var/lib/sharerpc --urls http://0.0.0.0:8787
        """;

    public const string Share = """
        Share opencode sessions while they grow, until Ctrl-C.

        Reads opencode's database without ever writing to it. Everything goes into a durable outbox first: the link is printed at
        once, also offline; what could not be sent is sent when the server is back; run again, it goes on where it was.
        The sessions of its subagents are shared along, each with a link of its own. What looks like a key, token or password is
        replaced first (sharerpc secrets --help): a net with holes, no promise that nothing secret gets out.

        Examples:
          sharerpc share                                    the latest session
          sharerpc share --all --once                       all sessions, as they are now; ends when the server has them
          sharerpc share --session ses_... --server https://share.example.org --token-file creator.token
          sharerpc share --session ses_... --into 'LINK'    go on in a share begun on another machine (LINK may append)
          sharerpc share --opencode-files ~/.local/share/opencode/storage
                                                            import the sessions of opencode before 1.2, once, each into its own
                                                            share; says what it left out and why; never changes a file
        """;

    public const string Watch = """
        Watch a shared session in the terminal as it grows.

        Ends with exit code 3 as soon as the link is revoked. Put the link in quotes: it holds a '#'.

        Examples:
          sharerpc watch 'http://127.0.0.1:8787/s/ID#srpc_...'
          sharerpc watch 'LINK' --once           print what there is, then end
          sharerpc watch 'LINK' --json           every op as a line of JSON
        """;

    public const string Pull = """
        Bring a shared opencode session to this machine or into this container, so that the agent here can go on with it.

        Runs opencode's own import, so run it in the folder of the project. The import reads the share once; what the agent does here
        afterwards goes on in a share of its own, or with share --into 'LINK' in the same one. The address that opencode is given holds a
        token: other users of this machine may see it in the list of processes. A link that may invite makes one for this purpose
        alone, which ends with the import.

        Examples:
          sharerpc pull 'LINK' --into opencode
          sharerpc pull 'LINK' --into opencode --print           only print the command, to run it elsewhere within 15 minutes
          sharerpc pull 'LINK' --into opencode --opencode-binary ~/.opencode/bin/opencode
        """;

    public const string Invite = """
        Make one more link to a share, to give to one reader and to take back without touching the others.

        Whoever shares on this machine invites offline too: the link is printed at once and works when the server has heard of it.
        An administrator invites to any share (SHARE is its id then). On a terminal the link is shown as a QR code as well.

        Examples:
          sharerpc invite SHARE_ID --label 'for Ana'
          sharerpc invite ses_... --expires 7d --redact tools,reasoning      a week, without what tools said and the model thought
          sharerpc invite ses_... --max-uses 1 --expires-unused 1d --passphrase
          sharerpc invite ses_... --rights append --append-kinds message,part --max-ops-per-day 1000
        """;

    public const string Who = """
        See who has access to a share: every link that was given, its limits, whether it is open now, and when it was last.

        Examples:
          sharerpc who ses_...
          sharerpc who SHARE_ID --server https://share.example.org --token-file root.token
          sharerpc who SHARE_ID --json
        """;

    public const string Audit = """
        See who did what, and when: links opened and refused, what was invited, revoked, suspended, appended.

        Openings, refusals and appends are counted by the minute. The owner of a share sees what concerns it, root sees everything.

        Examples:
          sharerpc audit ses_...
          sharerpc audit --limit 1000 --json
          sharerpc audit SHARE_ID --follow
        """;

    public const string Suspend = """
        Take an access out of use until you resume it: a link, an owner or a whole agent.

        What was derived from it stops as well. An agent that is suspended keeps what it has in its outbox, and sends it after
        sharerpc resume. Revoking is for good; this is not.

        Examples:
          sharerpc suspend 'LINK'
          sharerpc suspend CAP_ID
        """;

    public const string Resume = """
        Put an access that was suspended back into use.

        Examples:
          sharerpc resume 'LINK'
          sharerpc resume CAP_ID
        """;

    public const string Rotate = """
        Give an access a new secret: the old link or token is dead at once, and so is everything derived from it.

        The new token is kept on disk before the server hears of it. If the answer is lost, run the command again: it finishes with the
        same token. A running sharerpc share on this machine goes on with the new one.

        Examples:
          sharerpc rotate 'LINK'
          sharerpc rotate CAP_ID --yes
        """;

    public const string Rm = """
        Erase a share: its content goes, for everybody and for good. Old links are told that it was deleted.

        Needs a root token, or the token of the agent that made it. To take back one link only, use sharerpc revoke.

        Examples:
          sharerpc rm SHARE_ID
          sharerpc rm ses_... --yes
        """;

    public const string Agent = """
        The machines that may share: give each a token of its own, see what it does, take it back.

        Only root can (DIR/root.token of the server, see sharerpc serve --help). Revoking an agent ends its shares' owner access and
        every invitation to them; with --keep-shares they go to root first, and readers stay. It erases nothing: sharerpc rm does.

        Examples:
          sharerpc agent add --label laptop --out laptop.token
          sharerpc agent ls
          sharerpc agent revoke laptop --keep-shares
        """;

    public const string Revoke = """
        Take a link back, for good: the server ends running watches and answers nobody who holds it any more.

        Examples:
          sharerpc revoke 'http://127.0.0.1:8787/s/ID#srpc_...'
          sharerpc revoke CAP_ID
        """;

    public const string Ls = """
        List the shares on a server: all of them with the root token, your own with a creator token.

        Examples:
          sharerpc ls
          sharerpc ls --server https://share.example.org --token-file creator.token --json
        """;

    public const string Backup = """
        Copy a server's data directory as of one moment, while the server runs or not.

        The copy holds database, keys and root token; only its owner may read it. To restore: stop the server, and start it on a copy of
        the backup. Clients go on by themselves with what they still hold; what only the lost server had is gone.

        Examples:
          sharerpc backup /backups/sharerpc-2026-11-21
          sharerpc backup --data /var/lib/sharerpc /backups/sharerpc-2026-11-21
          sharerpc check --data /backups/sharerpc-2026-11-21     see that it is whole
        """;

    public const string Check = """
        Look for damage in a server's data directory, or in a backup. Changes nothing.

        Reads everything: the pages of the file, that no op is missing or there twice, that every acknowledged op is recorded, and that the
        documents are what the log makes of them. The server may run meanwhile. Exit code 1 when something is wrong.

        Examples:
          sharerpc check
          sharerpc check --data /var/lib/sharerpc --json
        """;

    public const string Secrets = """
        See what sharerpc share keeps back: text that looks like a key, token or password is replaced before it is queued.

        A find becomes [redacted:RULE], in the documents and in the share's title, before it reaches the outbox. It is counted in what
        share and outbox status say. Rules know patterns, not meaning: what none of them knows is sent, and what was sent before
        stays sent.

        FILE for --secret-rules adds rules, and leaves built-in ones out; a rule must find its example and not its counterexample:
          {"rules": [{"id": "acme-key", "what": "a key of Acme", "keywords": ["acme_"], "pattern": "acme_[0-9a-z]{20}",
                      "example": ["acme_", "0123456789abcdefghij"], "counterexample": "acme_corp"}],
           "without": ["url-secret"]}
        Patterns are .NET regular expressions without lookaround; where one has a group called secret, only that is replaced.

        Examples:
          sharerpc secrets rules
          sharerpc secrets scan notes.txt --secret-rules acme.json
          sharerpc share --secret-rules acme.json
          sharerpc share --no-secret-scan                send everything as it is
        """;

    public const string Outbox = "See what still waits to be sent, and decide about what was refused: try it again, export it, drop it.";

    public const string Demo = "See everything work, in one process and a temporary folder; takes a few seconds and checks what it shows.";

    /// <summary>The first paragraph of a text: what the list of commands says.</summary>
    public static string Short(string text) => text.Split("\n\n", 2)[0];

    /// <summary>The rest of a command's text; null when one line says it all.</summary>
    public static string? Of(Command command)
    {
        // A command of a command is taught by the text of the whole.
        Command named = command.Parents.OfType<Command>().FirstOrDefault() is { } parent and not RootCommand ? parent : command;
        string? text = named.Name switch
        {
            "serve" => Serve,
            "share" => Share,
            "watch" => Watch,
            "pull" => Pull,
            "invite" => Invite,
            "who" => Who,
            "audit" => Audit,
            "suspend" => Suspend,
            "resume" => Resume,
            "rotate" => Rotate,
            "rm" => Rm,
            "agent" => Agent,
            "revoke" => Revoke,
            "ls" => Ls,
            "secrets" => Secrets,
            "backup" => Backup,
            "check" => Check,
            _ when command is RootCommand => Root,
            _ => null,
        };
        return text?.Split("\n\n", 2)[1];
    }
}
