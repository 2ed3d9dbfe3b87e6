namespace ShareRpc.Server.Hosting;

/// <summary>The directory that one server, and no second one, works in.</summary>
internal sealed class DataDirectory : IDisposable
{
    private readonly FileStream lockFile;

    private DataDirectory(string path, FileStream lockFile)
    {
        Path = path;
        this.lockFile = lockFile;
    }

    public string Path { get; }

    public string DatabasePath => System.IO.Path.Combine(Path, "shares.db");

    public string RootTokenPath => System.IO.Path.Combine(Path, "root.token");

    /// <summary>Makes the directory if need be and takes its lock, which dies with the process.</summary>
    public static DataDirectory Open(string path)
    {
        try
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            string full = System.IO.Path.GetFullPath(path);
            var stream = new FileStream(
                System.IO.Path.Combine(full, "server.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return new DataDirectory(full, stream);
        }
        catch (IOException) when (File.Exists(System.IO.Path.Combine(path, "server.lock")))
        {
            throw new ServerStartException($"Another server is running on {path}. Stop it, or use another --data directory.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ServerStartException(
                $"The data directory {path} cannot be used: make it writable for this user, or name another with --data.");
        }
    }

    public void Dispose() => lockFile.Dispose();
}
