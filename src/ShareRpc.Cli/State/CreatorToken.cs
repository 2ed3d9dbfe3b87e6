using ShareRpc.Cli.Commands;
using ShareRpc.Client.Credentials;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Cli.State;

/// <summary>Stores the found token in the credentials file.</summary>
internal static class CreatorToken
{
    private const string Variable = "SHARERPC_TOKEN_FILE";

    /// <summary>Returns the cap id, or null.</summary>
    public static string? Find(CredentialStore credentials, Uri server, string? tokenFile)
    {
        string? named = tokenFile ?? Environment.GetEnvironmentVariable(Variable);
        if (!string.IsNullOrEmpty(named)) return Add(credentials, server, named);
        string? kept = credentials.List()
            .LastOrDefault(entry => entry.Value is { ShareId: null, Token.Length: > 0 } known
                && known.Server == server).Key;
        if (kept is not null) return kept;

        // Send a local server's token only to this machine.
        string local = Path.Combine(Serve.DefaultData, "root.token");
        return server.IsLoopback && File.Exists(local) ? Add(credentials, server, local) : null;
    }

    /// <summary>Returns the cap id; throws if there is none.</summary>
    public static string Require(CredentialStore credentials, Uri server, string? tokenFile) =>
        Find(credentials, server, tokenFile) ?? throw new CliException(
            ExitCode.Error,
            $"There is no token for {server.Authority} yet. Pass --token-file FILE with the root.token of the "
                + "server's data "
                + "directory or a creator token.");

    private static string Add(CredentialStore credentials, Uri server, string file)
    {
        if (!File.Exists(file))
            throw new CliException(ExitCode.Error,
                $"There is no token file {file}. A server writes its root token to DIR/root.token when it first "
                    + "starts.");
        if (!ShareToken.TryParse(File.ReadAllText(file).Trim(), out ShareToken? token))
            throw new CliException(ExitCode.Error,
                $"{file} does not contain a token (one line that begins with {ShareToken.Prefix}).");
        if (credentials.FindToken(token.CapId)?.Reveal() != token.Reveal()
            || credentials.Find(token.CapId)?.Server != server)
            credentials.Add(token, server, shareId: null, "creator");
        return token.CapId;
    }
}
