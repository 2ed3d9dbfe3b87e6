using System.Collections.Concurrent;

namespace ShareRpc.Sources.Following;

/// <summary>
/// Says that something was written below some folders, or to some files and those that begin with their names. Where
/// the system tells nothing (no folder yet, no watches left), nothing is said: the caller looks at intervals anyway.
/// </summary>
internal sealed class FolderEvents : IDisposable
{
    private const int MostWritten = 1000;

    private readonly List<string> folders;
    private readonly ConcurrentDictionary<string, bool> written = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FileSystemWatcher> watchers = new(StringComparer.Ordinal);
    private TaskCompletionSource changed = NewSignal();

    public FolderEvents(IEnumerable<string> folders)
    {
        this.folders = [.. folders.Distinct(StringComparer.Ordinal)];
        Watch();
    }

    /// <summary>Gets what completes at the next event; take it before looking.</summary>
    public Task Changed => Volatile.Read(ref changed).Task;

    /// <summary>Returns the files that were written to since the last call; of very many, some.</summary>
    public IReadOnlyCollection<string> TakeWritten()
    {
        ICollection<string> taken = written.Keys;
        foreach (string path in taken) written.TryRemove(path, out _);
        return [.. taken];
    }

    /// <summary>Watches folders that were made since.</summary>
    public void Watch()
    {
        foreach (string path in folders.Where(path => !watchers.ContainsKey(path) && Path.Exists(path)))
        {
            bool isFolder = Directory.Exists(path);
            try
            {
                var watcher = new FileSystemWatcher(isFolder ? path : Path.GetDirectoryName(Path.GetFullPath(path))!)
                {
                    IncludeSubdirectories = isFolder, Filter = isFolder ? "*" : Path.GetFileName(path) + "*",
                    NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName | NotifyFilters.LastWrite
                        | NotifyFilters.Size,
                };
                watcher.Changed += Signal;
                watcher.Created += Signal;
                watcher.Renamed += Signal;
                watcher.Deleted += Signal;
                watcher.Error += (_, _) => Signal(this, EventArgs.Empty);
                watchers.Add(path, watcher);
                watcher.EnableRaisingEvents = true;
            }
            catch (Exception error) when (error is IOException or ArgumentException)
            {
                // The system has no watches left, or the folder is gone again.
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (FileSystemWatcher watcher in watchers.Values) watcher.Dispose();
    }

    private void Signal(object sender, EventArgs what)
    {
        if (what is FileSystemEventArgs { FullPath: var path } && written.Count < MostWritten) written[path] = true;
        Interlocked.Exchange(ref changed, NewSignal()).TrySetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
