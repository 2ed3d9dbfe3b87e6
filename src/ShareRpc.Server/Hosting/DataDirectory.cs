using System.Text;
using ShareRpc.Server.Storage;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Hosting;

internal sealed class DataDirectory : IDisposable
{
    // What .NET makes of an errno: EWOULDBLOCK, ENOSPC, EIO, EROFS, EEXIST and ENOTDIR.
    private const int LockedByAnother = 11;
    private const int DiskFull = 28;
    private const int InputOutput = 5;
    private const int ReadOnlyFileSystem = 30;
    private const int Exists = 17;
    private const int NotADirectory = 20;
    private const string RestoreMark = "restore.pending";
    private const string MovedMark = "moved.to";
    private readonly FileStream lockFile;

    private DataDirectory(string path, FileStream lockFile)
    {
        Path = path;
        this.lockFile = lockFile;
        IsNew = !File.Exists(DatabasePath);
    }

    public string Path { get; }

    public string DatabasePath => System.IO.Path.Combine(Path, "shares.db");

    /// <summary>Gets the file of the search index, which is made anew when it is not there.</summary>
    public string SearchPath => System.IO.Path.Combine(Path, "search.db");

    public bool IsNew { get; }

    /// <summary>Gets whether others may replace files in it, though not read them.</summary>
    public bool IsOpenToOthers => OwnerOnly.CanOthersWrite(Path);

    public string RootTokenPath => System.IO.Path.Combine(Path, "root.token");

    /// <summary>Gets the file that is there while a restore moves files: nothing is served meanwhile.</summary>
    public string RestoreMarkPath => System.IO.Path.Combine(Path, RestoreMark);

    /// <summary>Gets the file that is there when the data was moved to another store.</summary>
    public string MovedMarkPath => System.IO.Path.Combine(Path, MovedMark);

    /// <summary>Creates the directory if needed, and locks it until the process ends.</summary>
    /// <param name="path">The directory.</param>
    /// <param name="isRestoring">Whether it may be in the middle of a restore.</param>
    public static DataDirectory Open(string path, bool isRestoring = false)
    {
        if (File.Exists(System.IO.Path.Combine(path, "backup.json")))
        {
            throw new ServerStartException($"{path} is a backup: what was revoked since would be valid again. Run "
                + $"sharerpc restore {path} --data DIR, then serve --data DIR.");
        }

        if (File.Exists(System.IO.Path.Combine(path, MovedMark)))
        {
            throw new ServerStartException($"The data of {path} was moved to PostgreSQL: serve that (--postgres). To "
                + $"undo the move, remove {MovedMark} from it.");
        }

        if (!isRestoring && File.Exists(System.IO.Path.Combine(path, RestoreMark)))
        {
            throw new ServerStartException(
                $"A restore of {path} did not end: run sharerpc restore again, with the same backup.");
        }

        try
        {
            DurableDirectory.Create(path);
            string full = System.IO.Path.GetFullPath(path);
            FileStream stream = OwnerOnly.OpenAlone(System.IO.Path.Combine(full, "server.lock"));
            try
            {
                WriteTo(stream);
                return new DataDirectory(full, stream);
            }
            catch
            {
                stream.Dispose();
                throw;
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ServerStartException(Describe(exception, path));
        }
    }

    public T Open<T>(Func<T> open)
    {
        try
        {
            return open();
        }
        catch (Exception exception) when (Explain(exception) is { } explained)
        {
            throw explained;
        }
    }

    public ServerStartException? Explain(Exception exception) => exception switch
    {
        StorageException failure => new ServerStartException(failure.Message),
        IOException or UnauthorizedAccessException => new ServerStartException(Describe(exception, Path)),
        _ => null,
    };

    private static string Describe(Exception exception, string path) => exception.HResult switch
    {
        LockedByAnother => $"Another server is running on {path}. Stop it, or use another --data directory.",
        DiskFull => $"The disk that holds {path} is full: free some space, then start again.",
        ReadOnlyFileSystem =>
            $"The data directory {path} is on a file system that is mounted read-only: remount it for writing, "
            + "or name another directory with --data.",
        Exists or NotADirectory => $"{path}, or what it is in, is a file: name a directory with --data.",
        InputOutput =>
            $"The disk failed under {path}: see that it is sound (the system's log says more), then start again.",
        _ => $"The data directory {path} cannot be used: make it writable for this user, or name another with --data.",
    };

    public void Dispose() => lockFile.Dispose();

    /// <summary>
    /// Writes the owner for people, and tests that the disk is writable: SQLite's errors are less clear.
    /// </summary>
    private static void WriteTo(FileStream lockFile)
    {
        lockFile.SetLength(0);
        lockFile.Write(Encoding.ASCII.GetBytes($"{Environment.ProcessId}\n"));
        lockFile.Flush(flushToDisk: true);
    }
}
