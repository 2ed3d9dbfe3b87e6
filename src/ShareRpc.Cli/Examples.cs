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
        The sessions of its subagents are shared along, each with a link of its own.

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
        Make one more read-only link to a share of yours, to give to one reader and to take back without touching the others.

        Examples:
          sharerpc invite SHARE_ID --label 'for Ana'
          sharerpc invite ses_... --expires 7d
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

    public const string Outbox = "See what still waits to be sent, and decide about what was refused: try it again, export it, drop it.";

    public const string Demo = "See everything work, in one process and a temporary folder; takes a few seconds and checks what it shows.";

    /// <summary>The first paragraph of a text: what the list of commands says.</summary>
    public static string Short(string text) => text.Split("\n\n", 2)[0];

    /// <summary>The rest of a command's text; null when one line says it all.</summary>
    public static string? Of(Command command)
    {
        string? text = command.Name switch
        {
            "serve" => Serve,
            "share" => Share,
            "watch" => Watch,
            "pull" => Pull,
            "invite" => Invite,
            "revoke" => Revoke,
            "ls" => Ls,
            _ when command is RootCommand => Root,
            _ => null,
        };
        return text?.Split("\n\n", 2)[1];
    }
}
