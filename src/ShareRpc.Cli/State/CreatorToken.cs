using ShareRpc.Cli.Commands;
using ShareRpc.Cli.Terminal;
using ShareRpc.Client.Credentials;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Cli.State;

/// <summary>
/// Which root or creator token a command uses. What is found goes into the credentials file, and from then on only its
/// cap id about.
/// </summary>
internal sealed class CreatorToken
{
    private const string Variable = "SHARERPC_TOKEN_FILE";
    private readonly CredentialStore credentials;
    private readonly string? named;
    private readonly ShareToken? given;

    /// <summary>Reads the token at once if it is a line of standard input.</summary>
    /// <param name="context">Where to ask, and the credentials.</param>
    /// <param name="tokenFile">What <c>--token-file</c> says: a path, or a dash for standard input.</param>
    public CreatorToken(CommandContext context, string? tokenFile)
    {
        credentials = new CredentialStore(context.State.CredentialsPath);
        named = tokenFile ?? Environment.GetEnvironmentVariable(Variable);
        IsNamed = tokenFile is not null;
        if (named == StandardInput.Dash)
            given = Parsed(StandardInput.ReadLine(context.Output, "token"), "The line of standard input");
    }

    /// <summary>Gets whether the command line names a token, which then comes first.</summary>
    public bool IsNamed { get; }

    /// <summary>Returns the cap id of the token for a server; null when there is none anywhere.</summary>
    public string? Find(Uri server)
    {
        if (given is not null) return Add(given, server);
        if (!string.IsNullOrEmpty(named)) return Add(Read(named), server);
        string? kept = credentials.List()
            .LastOrDefault(entry => entry.Value is { ShareId: null, Token.Length: > 0 } known
                && known.Server == server).Key;
        if (kept is not null) return kept;

        // Send a local server's token only to this machine.
        string local = Path.Combine(Serve.DefaultData, "root.token");
        return server.IsLoopback && File.Exists(local) ? Add(Read(local), server) : null;
    }

    /// <summary>Returns the token like <see cref="Find"/>; without one, throws an error that says what to do.</summary>
    public string Require(Uri server) => Find(server) ?? throw new CliException(
        ExitCode.Error,
        $"There is no token for {server.Authority} yet. Pass --token-file FILE with the root.token of the server's "
            + "data directory or a creator token.");

    private static ShareToken Read(string file)
    {
        if (!File.Exists(file))
            throw new CliException(ExitCode.Error,
                $"There is no token file {file}. A server writes its root token to DIR/root.token when it first "
                    + "starts.");
        const string NextStep = "Name a file that it may read with --token-file FILE.";
        return Parsed(LocalFile.Use(Path.GetFullPath(file), NextStep, () => File.ReadAllText(file)).Trim(), file);
    }

    private static ShareToken Parsed(string text, string where) => ShareToken.TryParse(text, out ShareToken? token)
        ? token
        : throw new CliException(ExitCode.Error,
            $"{where} does not contain a token (one line that begins with {ShareToken.Prefix}).");

    private string Add(ShareToken token, Uri server)
    {
        if (credentials.FindToken(token.CapId)?.Reveal() != token.Reveal()
            || credentials.Find(token.CapId)?.Server != server)
            credentials.Add(token, server, shareId: null, "creator");
        return token.CapId;
    }
}
