using System.IO.Enumeration;
using System.IO.Hashing;
using System.Text.Json;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Sources.Following;

/// <summary>A file as its folder lists it.</summary>
internal readonly record struct ListedFile(string Path, long Length, DateTimeOffset Written)
{
    /// <summary>Gets what differs when the file was written.</summary>
    public string Stamp => $"{Length}:{Written.UtcTicks}";

    /// <summary>Returns a file as it is now; null if it is gone.</summary>
    public static ListedFile? Of(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? new ListedFile(path, file.Length, file.LastWriteTimeUtc) : null;
    }

    /// <summary>Returns the files of a folder, and of those below it that are entered; none if it is missing.</summary>
    /// <param name="folder">Where to look.</param>
    /// <param name="isWanted">Says by name which files are returned.</param>
    /// <param name="isEntered">Says by path which folders are entered; null for none.</param>
    public static IEnumerable<ListedFile> In(
        string folder, Func<string, bool> isWanted, Func<string, bool>? isEntered = null)
    {
        return Directory.Exists(folder) ? Of(folder, isWanted, isEntered, skipsDenied: true) : [];
    }

    /// <summary>As <see cref="In"/>, but throws when the folder is missing or this user may not list one.</summary>
    public static IEnumerable<ListedFile> Of(
        string folder, Func<string, bool> isWanted, Func<string, bool>? isEntered, bool skipsDenied = false)
    {
        var options = new EnumerationOptions
        {
            RecurseSubdirectories = isEntered is not null, IgnoreInaccessible = skipsDenied, MaxRecursionDepth = 8,
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
/// Keeps what each file of an agent says of its session, also over restarts: a file is looked into once, and again only
/// when it changed; one that only grew, only while what it said was not whole. An empty file is never opened: it may be
/// a pipe.
/// </summary>
/// <param name="store">Where it is kept.</param>
/// <param name="agent">The agent.</param>
/// <param name="folder">The agent's folder on this machine.</param>
/// <param name="look">Looks into a file, of which it may know an earlier form; null if it cannot be read.</param>
internal sealed class HeadIndex<T>(
    SessionIndex store, string agent, string folder, Func<ListedFile, T?, HeadIndex<T>.Entry?> look)
    where T : class
{
    private const int BetweenReports = 256;
    private const int Probe = 256;

    private readonly HashSet<string> changed = new(StringComparer.Ordinal);
    private Dictionary<string, (ListedFile File, Entry Known)>? entries;

    /// <summary>What is known of a file.</summary>
    /// <param name="Head">What it says; null: nothing yet, or nothing of the agent's.</param>
    /// <param name="IsWhole">More lines will not change it.</param>
    /// <param name="Begin">If it is whole, the digest of the file's first bytes: a file that grew begins alike.</param>
    internal sealed record Entry(T? Head, bool IsWhole, string? Begin = null);

    private string Owner => $"{agent} {folder}";

    /// <summary>Returns what a file says; null if it is none of the agent's.</summary>
    public T? Of(ListedFile file)
    {
        entries ??= Load();
        bool isThere = entries.TryGetValue(file.Path, out (ListedFile File, Entry Known) entry);
        if (isThere && file == entry.File) return entry.Known.Head;
        Entry? said = isThere && IsKnown(file, entry) && BeginOf(file.Path, entry.File.Length) == entry.Known.Begin
            ? entry.Known : file.Length == 0 ? new Entry(null, IsWhole: false) : look(file, entry.Known?.Head);
        if (said is null) return entry.Known?.Head;
        if (said.IsWhole) said = said with { Begin = BeginOf(file.Path, file.Length) };
        entries[file.Path] = (file, said);
        changed.Add(file.Path);
        return said.Head;
    }

    /// <summary>Returns what is known of a file without a look at it.</summary>
    public T? Known(string path) => entries is null ? null : entries.GetValueOrDefault(path).Known?.Head;

    /// <summary>Returns what all files of the agent say, and keeps it; forgets files that are gone.</summary>
    public IReadOnlyList<(ListedFile File, T? Head)> Refresh(IReadOnlyCollection<ListedFile> files)
    {
        entries ??= Load();
        int looks = files.Count(file => !IsKnown(file, entries.GetValueOrDefault(file.Path)));
        var said = new List<(ListedFile, T?)>(files.Count);
        int done = 0;
        foreach (ListedFile file in files)
        {
            if (!IsKnown(file, entries.GetValueOrDefault(file.Path)) && done++ % BetweenReports == 0)
                store.Looking?.Invoke(agent, done - 1, looks);
            said.Add((file, Of(file)));
        }

        List<string> gone = [];
        if (files.Count < entries.Count)
        {
            HashSet<string> present = new(files.Select(file => file.Path), StringComparer.Ordinal);
            gone = [.. entries.Keys.Where(path => !present.Contains(path))];
        }

        foreach (string path in gone) entries.Remove(path);
        changed.ExceptWith(gone);
        if ((changed.Count > 0 || gone.Count > 0) && store.TrySave(Owner, changed.Select(RowOf), gone)) changed.Clear();
        return said;
    }

    private static bool IsKnown(ListedFile file, (ListedFile File, Entry Known) entry) => entry.Known is not null
        && (file == entry.File || (entry.Known.IsWhole && file.Length > entry.File.Length));

    /// <summary>Returns the digest of the first bytes of what a file was; empty if it cannot be read.</summary>
    private static string BeginOf(string path, long length)
    {
        try
        {
            using var lines = LineFile.Open(path);
            return $"{XxHash64.HashToUInt64(lines.Read(0, (int)Math.Min(length, Probe))):x16}";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private SessionIndex.Row RowOf(string path)
    {
        (ListedFile file, Entry known) = entries![path];
        return new SessionIndex.Row(file, known.IsWhole, known.Begin,
            known.Head is null ? null : JsonSerializer.Serialize(known.Head, ProtocolJson.Options));
    }

    private Dictionary<string, (ListedFile File, Entry Known)> Load()
    {
        var loaded = new Dictionary<string, (ListedFile, Entry)>(StringComparer.Ordinal);
        foreach (SessionIndex.Row row in store.Load(Owner))
        {
            try
            {
                T? head = row.Head is null ? null : JsonSerializer.Deserialize<T>(row.Head, ProtocolJson.Options);
                if (row.Head is null || head is not null)
                    loaded[row.File.Path] = (row.File, new(head, row.IsWhole, row.Begin));
            }
            catch (JsonException)
            {
                // Looked into again.
            }
        }

        return loaded;
    }
}
