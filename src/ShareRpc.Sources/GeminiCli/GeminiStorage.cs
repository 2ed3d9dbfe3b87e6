using System.Text;
using System.Text.Json;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.GeminiCli;

/// <summary>Reads the chat files of Gemini CLI.</summary>
internal sealed class GeminiStorage : IAgentStorage
{
    private const int MostSubagents = 1000;
    private const int LargestNote = 16 * 1024 * 1024;

    private readonly string folder;
    private readonly HeadIndex<ChatHead> index;
    private Dictionary<string, IReadOnlyList<ChatFile>> unread = [];

    private GeminiStorage(string folder, SessionIndex store)
    {
        this.folder = folder;
        index = new HeadIndex<ChatHead>(store, Agent, folder, (file, _) => ChatHead.Read(file));
    }

    /// <inheritdoc/>
    public string Agent => "gemini";

    /// <inheritdoc/>
    public IReadOnlyList<string> WatchedFolders => [Projects];

    private string Projects => Path.Combine(folder, "tmp");

    /// <summary>Returns the storage; null if Gemini CLI was not used on this machine.</summary>
    public static GeminiStorage? On(AgentHome home)
    {
        string root = home.Variable("GEMINI_CLI_HOME") is { Length: > 0 } named ? Path.GetFullPath(named) : home.Folder;
        var storage = new GeminiStorage(Path.Combine(root, ".gemini"), home.Index);
        return Permission.MayHold(storage.Projects) ? storage : null;
    }

    /// <inheritdoc/>
    public IReadOnlyList<AgentSession> Sessions()
    {
        List<ListedFile> unplaced = [];
        List<ChatFile> files = [];
        var projects = new Dictionary<string, string?>(StringComparer.Ordinal);
        ILookup<string, ListedFile> listed =
            Listed().ToLookup(file => Path.GetDirectoryName(file.Path)!, StringComparer.Ordinal);
        foreach ((ListedFile file, ChatHead? head) in index.Refresh(
            [.. listed.SelectMany(found => found).Where(IsOfSession)]))
        {
            if (head is not null) files.Add(new ChatFile(file, head));
            else if (file.Length > 0) unplaced.Add(file);
        }

        if (files.Count == 0) Permission.Demand(Projects, unplaced, MayHoldChats);
        if (files.Count == 0 && unplaced.Count > 0)
        {
            throw new UnknownStorageException(
                $"None of the {unplaced.Count} chat files in {Projects} begins as this version expects it.");
        }

        unread = files.GroupBy(file => file.Head.Session, StringComparer.Ordinal)
            .Where(session => session.Any(file => file.Head.Title is not null))
            .ToDictionary(session => session.Key, IReadOnlyList<ChatFile> (session) => [.. session]);
        return [.. unread.Values.Select(session => SessionOf(session, listed, projects))
            .OrderByDescending(session => session.Updated).ThenBy(session => session.Id, StringComparer.Ordinal)];
    }

    /// <inheritdoc/>
    public ISessionReader Open(AgentSession session, string? bookmark)
    {
        ArgumentNullException.ThrowIfNull(session);
        return new GeminiReader(session, this, bookmark);
    }

    /// <summary>
    /// Returns the files of a session: the older form, its own, and those of another start. The first time after all
    /// were listed they are those that were found then.
    /// </summary>
    public IReadOnlyList<ChatFile> FilesOf(AgentSession session)
    {
        IEnumerable<ChatFile> files = unread.Remove(session.Id, out IReadOnlyList<ChatFile>? listed)
            ? listed.Select(Now).OfType<ChatFile>()
            : Chats(session, ChatHead.IsNamed).Where(file => file.Head.Session == session.Id);
        return [.. InOrder(files)];
    }

    /// <summary>Returns the files of the subagents that a session or a subagent started, oldest first.</summary>
    public IReadOnlyList<ChatFile> SubagentsOf(AgentSession session)
    {
        string chats = Path.GetDirectoryName(session.Path)!;
        var found = new List<ChatFile>();
        var taken = new HashSet<string>([session.Id], StringComparer.Ordinal);
        var waiting = new Queue<string>([session.Id]);
        while (waiting.TryDequeue(out string? parent))
        {
            if (parent.AsSpan().IndexOfAny('/', '\\') >= 0 || parent is "." or "..") continue;
            foreach (ListedFile file in ListedFile.In(Path.Combine(chats, parent), ChatHead.IsChat))
            {
                if (found.Count >= MostSubagents) break;
                if (index.Of(file) is not { } head || !taken.Add(head.Session)) continue;
                found.Add(new ChatFile(file, head));
                waiting.Enqueue(head.Session);
            }
        }

        return [.. InOrder(found)];
    }

    /// <summary>Returns the directory of a session's project; null if it is not known.</summary>
    public string? DirectoryOf(ChatFile file) => ProjectOf(file) ?? file.Head.Directory;

    private string? ProjectOf(ChatFile file)
    {
        string project = Path.GetDirectoryName(Path.GetDirectoryName(file.File.Path)!)!;
        try
        {
            if (Small(Path.Combine(project, ".project_root")) is { } root) return Encoding.UTF8.GetString(root).Trim();
            using JsonDocument? known = RecordFields.Parse(Small(Path.Combine(folder, "projects.json")));
            foreach (JsonProperty entry in known?.RootElement.Object("projects")?.EnumerateObject() ?? default)
            {
                if (entry.Value.ValueKind == JsonValueKind.String && entry.Value.AsText() == Path.GetFileName(project))
                    return entry.Name;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // There may be neither.
        }

        return null;
    }

    private AgentSession SessionOf(
        IReadOnlyList<ChatFile> files, ILookup<string, ListedFile> listed, Dictionary<string, string?> projects)
    {
        // A start leaves a file in which nothing is said; its time says nothing of the session.
        List<ChatFile> said = [.. InOrder(files.Where(file => file.Head.Title is not null))];
        ChatFile live = said.MaxBy(file => file.File.Written)!;
        string chats = Path.GetDirectoryName(live.File.Path)!;
        IEnumerable<ListedFile> subagents = listed[Path.Combine(chats, live.Head.Session)];
        List<ListedFile> all = [.. said.Select(file => file.File).Concat(subagents)];
        if (!projects.TryGetValue(chats, out string? directory)) projects[chats] = directory = ProjectOf(live);
        return new AgentSession(
            "gemini", live.Head.Session, said[0].Head.Title!, directory ?? live.Head.Directory,
            all.Max(file => file.Written), all.Sum(file => file.Length), live.File.Path, null);
    }

    private IEnumerable<ChatFile> Chats(AgentSession session, Func<string, bool> isWanted)
    {
        foreach (ListedFile file in ListedFile.In(Path.GetDirectoryName(session.Path)!, isWanted))
        {
            if (index.Of(file) is { } head) yield return new ChatFile(file, head);
        }
    }

    private IEnumerable<ListedFile> Listed() => ListedFile.In(Projects, ChatHead.IsChat, MayHoldChats);

    private bool MayHoldChats(string path) =>
        Path.GetRelativePath(Projects, path).Split(Path.DirectorySeparatorChar) is
            [_] or [_, "chats"] or [_, "chats", _];

    private static byte[]? Small(string path) =>
        ListedFile.Of(path) is { Length: > 0 and <= LargestNote } ? File.ReadAllBytes(path) : null;

    private static ChatFile? Now(ChatFile file) =>
        ListedFile.Of(file.File.Path) is { } now ? file with { File = now } : null;

    private static bool IsOfSession(ListedFile file) => ChatHead.IsNamed(Path.GetFileName(file.Path))
        && Path.GetFileName(Path.GetDirectoryName(file.Path)) == "chats";

    private static IEnumerable<ChatFile> InOrder(IEnumerable<ChatFile> files) =>
        files.OrderBy(file => !file.IsWhole).ThenBy(file => file.Head.Started)
            .ThenBy(file => file.Tag, StringComparer.Ordinal);
}
