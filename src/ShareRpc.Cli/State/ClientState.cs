using System.Text;
using ShareRpc.Client;
using ShareRpc.Sqlite;

namespace ShareRpc.Cli.State;

/// <summary>The tool's files: one folder per user, mode 0700.</summary>
internal sealed class ClientState
{
    private const string Variable = "SHARERPC_STATE";
    private const string DataHomeVariable = "XDG_DATA_HOME";
    private const string NextStep = "Name a directory with --state DIR.";
    private readonly Lazy<string> folder;

    /// <summary>Looks at nothing yet.</summary>
    /// <param name="chosen">What <c>--state</c> says, if anything.</param>
    public ClientState(string? chosen)
    {
        folder = new Lazy<string>(() => Find(chosen));
    }

    /// <summary>Gets the folder; throws an error that names <c>--state</c> where there is no place for one.</summary>
    public string Folder => folder.Value;

    public string CredentialsPath => Path.Combine(Folder, "credentials.json");

    public string OutboxPath => Path.Combine(Folder, "outbox.db");

    public string SyncLockPath => Path.Combine(Folder, "sync.lock");

    private string ServerPath => Path.Combine(Folder, "server");

    /// <summary>Makes the folder.</summary>
    public ClientState Ensured()
    {
        LocalFile.Use(Folder, NextStep, () =>
        {
            DurableDirectory.Create(Folder);
            return true;
        });
        return this;
    }

    /// <summary>
    /// Returns the server of the newest <c>share --server</c>; null if there was none. Throws an error that names the
    /// file if it holds no address.
    /// </summary>
    public Uri? FindServer()
    {
        if (!Path.Exists(ServerPath)) return null;
        return ReadServer() ?? throw new CliException(ExitCode.Error,
            $"{ServerPath} does not hold the address of a server. Name the server with --server URL, or delete the "
                + "file.");
    }

    /// <summary>Keeps a server for commands that name none.</summary>
    public void KeepServer(Uri server)
    {
        if (File.Exists(ServerPath) && ReadServer() == server) return;
        LocalFile.Use(ServerPath, NextStep, () =>
        {
            SecretFile.Write(ServerPath, Encoding.UTF8.GetBytes($"{server}\n"));
            return true;
        });
    }

    private Uri? ReadServer()
    {
        string text = LocalFile.Use(ServerPath, NextStep, () => File.ReadAllText(ServerPath));
        return Uri.TryCreate(text.Trim(), UriKind.Absolute, out Uri? server) && server.Scheme is "http" or "https"
            ? server : null;
    }

    /// <summary>Returns the options of a client for a server; one outbox holds the shares of all servers.</summary>
    public ShareClientOptions ClientOptions(Uri server, string? creatorCapId) =>
        new() { Server = server, OutboxPath = OutboxPath, CredentialsPath = CredentialsPath,
            CreatorCapId = creatorCapId };

    private static string Find(string? chosen)
    {
        if (chosen is "") throw new CliException(ExitCode.Usage, $"--state is empty. {NextStep}");
        string path = Path.GetFullPath(chosen ?? Absolute(Variable) ?? Path.Combine(DataHome(), "sharerpc"));
        if (File.Exists(path))
            throw new CliException(ExitCode.Error, $"{path} is a file, not a directory to keep state in. {NextStep}");
        return path;
    }

    /// <summary>
    /// Returns the user's directory for data. One that is relative would be another in each working directory, and
    /// tokens in a repository.
    /// </summary>
    private static string DataHome()
    {
        if (Absolute(DataHomeVariable) is { } data) return data;
        bool isEmpty = Environment.GetEnvironmentVariable("HOME") is "";
        string home = isEmpty ? "" : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        if (Path.IsPathFullyQualified(home)) return Path.Combine(home, ".local", "share");
        throw new CliException(ExitCode.Error, $"This user has no home directory to keep state in. {NextStep}");
    }

    private static string? Absolute(string variable)
    {
        string? path = Environment.GetEnvironmentVariable(variable);
        if (string.IsNullOrEmpty(path)) return null;
        if (Path.IsPathFullyQualified(path)) return path;
        throw new CliException(ExitCode.Error, $"${variable} is {path}, which is no absolute path. {NextStep}");
    }
}
