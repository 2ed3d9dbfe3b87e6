using System.IO.Enumeration;

namespace ShareRpc.Sources.Following;

/// <summary>A file as its folder lists it.</summary>
internal readonly record struct ListedFile(string Path, long Length, DateTimeOffset Written)
{
    /// <summary>Gets what differs when the file was written.</summary>
    public string Stamp => $"{Length}:{Written.UtcTicks}";

    /// <summary>Returns the files of a folder, and of those below it that are entered; none if it is missing.</summary>
    /// <param name="folder">Where to look.</param>
    /// <param name="isWanted">Says by name which files are returned.</param>
    /// <param name="isEntered">Says by path which folders are entered; null for none.</param>
    public static IEnumerable<ListedFile> In(
        string folder, Func<string, bool> isWanted, Func<string, bool>? isEntered = null)
    {
        if (!Directory.Exists(folder)) return [];
        var options = new EnumerationOptions
        {
            RecurseSubdirectories = isEntered is not null, IgnoreInaccessible = true, MaxRecursionDepth = 8,
            AttributesToSkip = FileAttributes.ReparsePoint,
        };
        return new FileSystemEnumerable<ListedFile>(folder, (ref FileSystemEntry entry) => new ListedFile(
            entry.ToFullPath(), entry.Length, entry.LastWriteTimeUtc), options)
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) =>
                !entry.IsDirectory && isWanted(entry.FileName.ToString()),
            ShouldRecursePredicate = (ref FileSystemEntry entry) => isEntered!(entry.ToFullPath()),
        };
    }
}

/// <summary>
/// Keeps what the beginning of each file of an agent says, also over restarts: a file is looked into once, and again
/// only while what it said was not whole.
/// </summary>
/// <param name="path">The file that keeps it; may be missing, and not writable.</param>
/// <param name="read">Looks into a file; null for one that is none of the agent's.</param>
internal sealed class HeadIndex<T>(string path, Func<ListedFile, HeadIndex<T>.Entry> read)
    where T : class
{
    private Dictionary<string, Entry>? entries;
    private bool isChanged;

    /// <summary>What is known of a file.</summary>
    /// <param name="Head">What it says; null: nothing yet, or nothing of the agent's.</param>
    /// <param name="IsWhole">More lines will not change it.</param>
    /// <param name="Length">How long the file was.</param>
    internal sealed record Entry(T? Head, bool IsWhole, long Length = 0);

    /// <summary>Returns what a file says; null if it is none of the agent's.</summary>
    public T? Of(ListedFile file)
    {
        entries ??= IndexFile.Load<Entry>(path);
        bool isKnown = entries.TryGetValue(file.Path, out Entry? entry) && file.Length >= entry.Length
            && (entry.IsWhole || file.Length == entry.Length);
        if (isKnown) return entry!.Head;
        entry = read(file) with { Length = file.Length };
        isChanged |= entry.IsWhole;
        entries[file.Path] = entry;
        return entry.Head;
    }

    /// <summary>Writes what is new, without files that are gone.</summary>
    /// <param name="present">The paths of all files.</param>
    public void Save(IReadOnlySet<string> present)
    {
        if (!isChanged || entries is null) return;
        foreach (string gone in entries.Keys.Where(key => !present.Contains(key)).ToList()) entries.Remove(gone);
        Dictionary<string, Entry> whole = entries.Where(entry => entry.Value.IsWhole).ToDictionary();
        if (IndexFile.TrySave(path, whole)) isChanged = false;
    }
}
