namespace ShareRpc.Sources.Following;

/// <summary>Says where agents keep their data on this machine.</summary>
/// <param name="Folder">The user's home directory.</param>
/// <param name="StateFolder">Where the index of sessions is kept; may not exist.</param>
/// <param name="Variable">Returns an environment variable; null if it is missing.</param>
internal sealed record AgentHome(string Folder, string StateFolder, Func<string, string?> Variable)
{
    /// <summary>Gets what is known of the files of all agents.</summary>
    public SessionIndex Index { get; } = new(Path.Combine(StateFolder, "session-index.db"));

    /// <summary>Returns the home of this user.</summary>
    public static AgentHome OfThisUser(string stateFolder) =>
        new(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), stateFolder,
            Environment.GetEnvironmentVariable);

    /// <summary>Returns the folder that a variable names, else one below the home directory.</summary>
    public string FolderOf(string variable, string below) =>
        Variable(variable) is { Length: > 0 } named ? Path.GetFullPath(named) : Path.Combine(Folder, below);
}
