namespace ShareRpc.Sqlite;

/// <summary>Makes files that only their owner may read and write, whatever directory they are in: mode 0600.</summary>
internal static class OwnerOnly
{
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OthersWrite = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    /// <summary>Opens or creates a file for this process alone, such as a lock.</summary>
    public static FileStream OpenAlone(string path) => OpenRestricted(path, FileShare.None);

    /// <summary>Opens or creates a file that others may copy meanwhile.</summary>
    public static FileStream OpenShared(string path) => OpenRestricted(path, FileShare.ReadWrite);

    private static FileStream OpenRestricted(string path, FileShare share)
    {
        FileStream stream = Open(path, share);
        Restrict(path);
        return stream;
    }

    /// <summary>Creates the files of a database, or takes what others may do with them from them.</summary>
    public static void PrepareDatabase(string path)
    {
        // SQLite gives the files beside it the mode of the first. Others may do the same at this moment.
        if (!File.Exists(path)) Open(path, FileShare.ReadWrite).Dispose();
        foreach (string suffix in (string[])["", "-wal", "-shm"]) Restrict(path + suffix);
    }

    /// <summary>Returns true if others than the owner may add and rename files in a directory.</summary>
    public static bool CanOthersWrite(string directory) =>
        !OperatingSystem.IsWindows() && Directory.Exists(directory)
            && (File.GetUnixFileMode(directory) & OthersWrite) != 0;

    private static FileStream Open(string path, FileShare share) => new(path, new FileStreamOptions
    {
        Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = share, BufferSize = 0,
        UnixCreateMode = OperatingSystem.IsWindows() ? null : Mode,
    });

    private static void Restrict(string path)
    {
        if (OperatingSystem.IsWindows() || !File.Exists(path) || File.GetUnixFileMode(path) == Mode) return;
        try
        {
            File.SetUnixFileMode(path, Mode);
        }
        catch (UnauthorizedAccessException)
        {
            // Somebody else's file, who shares it on purpose.
        }
    }
}
