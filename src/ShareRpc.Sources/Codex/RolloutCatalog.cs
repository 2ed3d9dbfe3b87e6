using System.Globalization;
using System.Text.Json;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.Codex;

/// <summary>
/// Knows the rollout files of this machine, live and archived, plain and compressed, by what they say first. A file
/// that was moved or compressed keeps its tag.
/// </summary>
/// <param name="folder">Codex's own folder.</param>
/// <param name="store">Where what the files say is kept.</param>
internal sealed class RolloutCatalog(string folder, SessionIndex store)
{
    private readonly HeadIndex<RolloutHead> index = new(store, "codex", folder, (file, _) => RolloutHead.Read(file));
    private readonly Dictionary<string, RolloutFile> files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<string>> threads = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<string>> started = new(StringComparer.Ordinal);
    private readonly HashSet<string> unread = new(StringComparer.Ordinal);
    private (ListedFile? File, IReadOnlyDictionary<string, string> Names)? named;

    public string Sessions => Path.Combine(folder, "sessions");

    public string Archived => Path.Combine(folder, "archived_sessions");

    /// <summary>Gets all files, as listed last.</summary>
    public IReadOnlyCollection<RolloutFile> Files => files.Values;

    /// <summary>Gets the number of files that are named like rollouts and say nothing that is known.</summary>
    public int Unplaced { get; private set; }

    /// <summary>Lists all files; throws <see cref="UnknownStorageException"/> if this user may read none.</summary>
    public void Refresh()
    {
        var found = new Dictionary<string, RolloutFile>(StringComparer.Ordinal);
        List<ListedFile> unplaced = [];
        foreach ((ListedFile file, RolloutHead? head) in index.Refresh([.. Listed(since: null)]))
        {
            if (head is not null) Add(found, new RolloutFile(file, head));
            else if (file.Length > 0) unplaced.Add(file);
        }

        Unplaced = unplaced.Count;
        if (found.Count == 0)
        {
            Permission.Demand(Sessions, unplaced, _ => true);
            Permission.Demand(Archived, []);
        }

        files.Clear();
        threads.Clear();
        started.Clear();
        Take(found);
        unread.Clear();
        unread.UnionWith(threads.Keys);
    }

    /// <summary>
    /// Lists the files since a day, and the archived ones, for a session; the others are as they were. Does nothing
    /// the first time after all were listed: listing for each of many sessions would take the square of their number.
    /// </summary>
    /// <param name="session">The session.</param>
    /// <param name="since">A folder's path below <see cref="Sessions"/>, as <c>2026/11/30</c>.</param>
    public void Refresh(string session, string since)
    {
        if (unread.Remove(session)) return;
        var found = new Dictionary<string, RolloutFile>(StringComparer.Ordinal);
        foreach (ListedFile file in Listed(since))
        {
            if (index.Of(file) is { } head) Add(found, new RolloutFile(file, head));
        }

        Take(found);
    }

    /// <summary>Returns the files of a thread, oldest first: the last one is the live one.</summary>
    public IReadOnlyList<RolloutFile> Of(string thread) =>
        [.. InOrder(threads.GetValueOrDefault(thread, []).Select(tag => files[tag]))];

    /// <summary>Returns files of one thread, oldest first.</summary>
    public static IEnumerable<RolloutFile> InOrder(IEnumerable<RolloutFile> thread) =>
        thread.OrderBy(file => file.Head.Time).ThenBy(file => file.Head.Tag, StringComparer.Ordinal);

    /// <summary>Returns the threads that a thread started as subagents, oldest first.</summary>
    public IReadOnlyList<string> StartedBy(string thread) =>
        [.. started.GetValueOrDefault(thread, []).Select(tag => files[tag]).OrderBy(file => file.Head.Time)
            .Select(file => file.Head.Thread).Where(below => below != thread).Distinct(StringComparer.Ordinal)];

    /// <summary>Returns the day of a file for <see cref="Refresh(string, string)"/>; else the first day.</summary>
    public string DayOf(RolloutFile file)
    {
        string day = Path.GetRelativePath(Sessions, Path.GetDirectoryName(file.File.Path)!).Replace('\\', '/');
        return IsDay(day) ? day : "0000/00/00";
    }

    /// <summary>Returns the names that people gave to sessions.</summary>
    public IReadOnlyDictionary<string, string> Names()
    {
        string path = Path.Combine(folder, "session_index.jsonl");
        ListedFile? now = ListedFile.Of(path);
        if (named is { } known && known.File == now) return known.Names;
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            using LineFile? lines = now is null ? null : LineFile.Open(path);
            foreach (FileLine line in lines?.LinesFrom(0) ?? [])
            {
                using JsonDocument? entry = RecordFields.Parse(line.Utf8);
                string? id = entry?.RootElement.Text("id");
                if (id is not null && entry!.RootElement.Text("thread_name") is { Length: > 0 } name)
                    names[id] = name;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // There may be none.
        }

        named = (now, names);
        return names;
    }

    private void Take(Dictionary<string, RolloutFile> found)
    {
        foreach ((string tag, RolloutFile file) in found)
        {
            if (!files.ContainsKey(tag))
            {
                Add(threads, file.Head.Thread, tag);
                if (file.Head.Parent is { } parent) Add(started, parent, tag);
            }

            files[tag] = file;
        }

        static void Add(Dictionary<string, List<string>> tags, string thread, string tag)
        {
            if (!tags.TryGetValue(thread, out List<string>? list)) tags.Add(thread, list = []);
            list.Add(tag);
        }
    }

    private IEnumerable<ListedFile> Listed(string? since)
    {
        IEnumerable<ListedFile> live = ListedFile.In(Sessions, RolloutHead.IsNamed, path => IsEntered(path, since));
        return live.Concat(ListedFile.In(Archived, RolloutHead.IsNamed, _ => true));
    }

    private bool IsEntered(string path, string? since)
    {
        if (since is null) return true;
        string below = Path.GetRelativePath(Sessions, path).Replace('\\', '/');
        int length = Math.Min(below.Length, since.Length);
        bool isDated = below.All(character => char.IsAsciiDigit(character) || character == '/');
        return !isDated || string.CompareOrdinal(below[..length], since[..length]) >= 0;
    }

    /// <summary>Takes the plain file of two forms, and the live one of two places.</summary>
    private static void Add(Dictionary<string, RolloutFile> found, RolloutFile file)
    {
        if (!found.TryAdd(file.Head.Tag, file) && !file.IsCompressed && found[file.Head.Tag].IsCompressed)
            found[file.Head.Tag] = file;
    }

    private static bool IsDay(string path) =>
        DateOnly.TryParseExact(path, "yyyy'/'MM'/'dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);
}
