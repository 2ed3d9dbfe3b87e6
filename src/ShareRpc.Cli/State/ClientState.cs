using ShareRpc.Client;

namespace ShareRpc.Cli.State;

/// <summary>The tool's files: one folder per user, mode 0700.</summary>
internal sealed class ClientState
{
    private const string Variable = "SHARERPC_STATE";

    /// <summary>Makes nothing yet.</summary>
    /// <param name="chosen">What <c>--state</c> says, if anything.</param>
    public ClientState(string? chosen)
    {
        string? folder = chosen ?? Environment.GetEnvironmentVariable(Variable);
        Folder = Path.GetFullPath(string.IsNullOrEmpty(folder) ? Path.Combine(DataHome(), "sharerpc") : folder);
    }

    public string Folder { get; }

    public string CredentialsPath => Path.Combine(Folder, "credentials.json");

    public string OutboxPath => Path.Combine(Folder, "outbox.db");

    public string SyncLockPath => Path.Combine(Folder, "sync.lock");

    public ClientState Ensured()
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(Folder);
        else Directory.CreateDirectory(Folder,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return this;
    }

    /// <summary>Returns the client options for a server; all servers use one outbox.</summary>
    public ShareClientOptions ClientOptions(Uri server, string? creatorCapId) =>
        new() { Server = server, OutboxPath = OutboxPath, CredentialsPath = CredentialsPath,
            CreatorCapId = creatorCapId };

    private static string DataHome()
    {
        string? home = Environment.GetEnvironmentVariable("XDG_DATA_HOME");
        if (!string.IsNullOrEmpty(home)) return home;
        return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "share");
    }
}
