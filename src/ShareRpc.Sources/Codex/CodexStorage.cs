using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.Codex;

/// <summary>Reads the rollout files of Codex CLI.</summary>
internal sealed class CodexStorage : IAgentStorage
{
    private const int MostBelow = 1000;

    private readonly RolloutCatalog catalog;

    private CodexStorage(RolloutCatalog catalog)
    {
        this.catalog = catalog;
    }

    /// <inheritdoc/>
    public string Agent => "codex";

    /// <inheritdoc/>
    public IReadOnlyList<string> WatchedFolders => [catalog.Sessions, catalog.Archived];

    /// <summary>Returns the storage; null if Codex was not used on this machine.</summary>
    public static CodexStorage? On(AgentHome home)
    {
        var catalog = new RolloutCatalog(home.FolderOf("CODEX_HOME", ".codex"), home.Index);
        bool isThere = Permission.MayHold(catalog.Sessions) || Permission.MayHold(catalog.Archived);
        return isThere ? new CodexStorage(catalog) : null;
    }

    /// <inheritdoc/>
    public IReadOnlyList<AgentSession> Sessions()
    {
        catalog.Refresh();
        if (catalog.Files.Count == 0 && catalog.Unplaced > 0)
        {
            throw new UnknownStorageException($"None of the {catalog.Unplaced} rollout files in {catalog.Sessions} "
                + "begins as this version expects it.");
        }

        IReadOnlyDictionary<string, string> names = catalog.Names();
        ILookup<string, RolloutFile> threads = catalog.Files.ToLookup(file => file.Head.Thread, StringComparer.Ordinal);
        ILookup<string, string> started = catalog.Files.Where(file => file.Head.Parent is not null)
            .ToLookup(file => file.Head.Parent!, file => file.Head.Thread, StringComparer.Ordinal);
        return [.. threads.Where(thread => thread.All(file => file.Head.Parent is null))
            .Select(thread => SessionOf(thread, threads, started, names.GetValueOrDefault(thread.Key)))
            .OrderByDescending(session => session.Updated).ThenBy(session => session.Id, StringComparer.Ordinal)];
    }

    /// <inheritdoc/>
    public ISessionReader Open(AgentSession session, string? bookmark)
    {
        ArgumentNullException.ThrowIfNull(session);
        if (catalog.Of(session.Id).Count == 0) catalog.Refresh();
        IReadOnlyList<RolloutFile> files = catalog.Of(session.Id);
        if (files.FirstOrDefault(file => !RolloutHead.Modes.Contains(file.Head.Mode)) is { } odd)
        {
            throw new UnknownStorageException(
                $"The history mode \"{odd.Head.Mode}\" of Codex {odd.Head.Version} is not known to this version.");
        }

        return new CodexReader(session.Id, catalog, bookmark);
    }

    private static AgentSession SessionOf(
        IGrouping<string, RolloutFile> thread, ILookup<string, RolloutFile> threads, ILookup<string, string> started,
        string? name)
    {
        List<RolloutFile> own = [.. RolloutCatalog.InOrder(thread)];
        List<RolloutFile> all = [.. own];
        var taken = new HashSet<string>([thread.Key], StringComparer.Ordinal);
        var waiting = new Queue<string>(started[thread.Key]);
        while (waiting.TryDequeue(out string? below) && taken.Count < MostBelow)
        {
            if (!taken.Add(below)) continue;
            all.AddRange(threads[below]);
            foreach (string further in started[below]) waiting.Enqueue(further);
        }

        RolloutFile live = own[^1];
        string title = name ?? own.Select(file => file.Head.Title).FirstOrDefault(text => text is not null) ?? "";
        return new AgentSession(
            "codex", thread.Key, title, live.Head.Directory, all.Max(file => file.File.Written),
            all.Sum(file => file.File.Length), live.File.Path, live.Head.Version);
    }
}
