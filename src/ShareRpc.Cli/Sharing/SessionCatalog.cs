using ShareRpc.Cli.Terminal;
using ShareRpc.Server.Storage;
using ShareRpc.Sources;
using ShareRpc.Sources.Following;
using ShareRpc.Sources.Opencode;
using ShareRpc.Sources.Opencode2;

namespace ShareRpc.Cli.Sharing;

/// <summary>The sessions of all agents on this machine, or of those that were named.</summary>
internal sealed class SessionCatalog
{
    /// <summary>The agents that can be named.</summary>
    public static readonly string[] Agents = ["claude", "codex", "gemini", "opencode"];

    private readonly string? agent;

    /// <param name="home">Where agents keep their data.</param>
    /// <param name="opencodePath">Another database of opencode, then only that unless an agent is named.</param>
    /// <param name="agent">The only agent; null for all.</param>
    public SessionCatalog(AgentHome home, string? opencodePath, string? agent)
    {
        this.agent = agent ?? (opencodePath is null ? null : "opencode");
        OpencodePath = !Has("opencode") ? "" : opencodePath ?? OpencodePaths.Find(home) ?? OpencodeDatabase.DefaultPath;
        Opencode = Has("opencode") && Permission.MayHold(OpencodePath) ? new Opencode2Storage(OpencodePath) : null;
        Storages =
        [
            .. AgentStorages.On(home).Where(storage => storage.Agent != "opencode" && Has(storage.Agent)),
            .. Opencode is null ? Array.Empty<IAgentStorage>() : [Opencode],
        ];
    }

    /// <summary>Returns the agents' home of this user; says how far a first look into many files is.</summary>
    public static AgentHome HomeOf(CommandContext context)
    {
        var home = AgentHome.OfThisUser(context.State.Folder);
        var line = new ProgressLine(context.Output, context.Time);
        home.Index.Looking = (agent, done, total) =>
            line.Report(new CheckProgress($"Names of sessions of {agent}, files looked into", done, total));
        return home;
    }

    /// <summary>Gets the database of opencode, which may not exist; empty if another agent is meant.</summary>
    public string OpencodePath { get; }

    /// <summary>Gets the storage of opencode; null if there is none or another agent is meant.</summary>
    public Opencode2Storage? Opencode { get; }

    public IReadOnlyList<IAgentStorage> Storages { get; }

    /// <summary>
    /// Gets whether the tables of OpenCode 1 are to be read: they are there, or nothing is, which their reader says.
    /// </summary>
    public bool HasOlder => Opencode?.HasOlder ?? (Storages.Count == 0 && Has("opencode"));

    /// <summary>
    /// Returns whether the tables of OpenCode 1 hold a session, which may be a subagent's; true if there is no
    /// database, which their reader says.
    /// </summary>
    public bool HoldsOlder(string id)
    {
        if (!File.Exists(OpencodePath)) return true;
        using OpencodeDatabase database = OpencodeDatabase.Open(OpencodePath);
        return database.ListSessions().Any(session => session.Id == id);
    }

    /// <summary>Returns all sessions, newest first; throws what a storage that cannot be placed says.</summary>
    public IReadOnlyList<CatalogEntry> Sessions() => Newest(
        Storages.SelectMany(storage => storage.Sessions()).Select(session => new CatalogEntry(session))
            .Concat(Older()));

    /// <summary>Returns what can be listed, and why the rest cannot.</summary>
    public (IReadOnlyList<CatalogEntry> Sessions, IReadOnlyList<string> Failures) SessionsAndFailures()
    {
        List<CatalogEntry> found = [];
        List<string> failures = [];
        foreach (IAgentStorage storage in Storages)
        {
            try
            {
                found.AddRange(storage.Sessions().Select(session => new CatalogEntry(session)));
                if (storage == Opencode) found.AddRange(Older());
            }
            catch (Exception error) when (error is UnknownStorageException or OpencodeException or IOException
                or UnauthorizedAccessException)
            {
                failures.Add($"{storage.Agent}: {Failure.Of(error).Message}");
            }
        }

        return (Newest(found), failures);
    }

    /// <summary>Returns the newest session of a directory, else of the machine; null if there is none.</summary>
    public CatalogEntry? FindLatest(string directory)
    {
        IReadOnlyList<CatalogEntry> all = Sessions();
        string here = Path.TrimEndingDirectorySeparator(directory);
        return all.FirstOrDefault(entry => entry.Session.Directory is { } its
            && Path.TrimEndingDirectorySeparator(its) == here) ?? (all.Count == 0 ? null : all[0]);
    }

    /// <summary>Returns a session by its id; null if there is none.</summary>
    public CatalogEntry? Find(string id)
    {
        CatalogEntry[] found = [.. Sessions().Where(entry => entry.Session.Id == id)];
        if (found.Length > 1)
        {
            string agents = string.Join(" and ", found.Select(entry => entry.Session.Agent));
            throw new CliException(ExitCode.Usage, $"Sessions of {agents} have that id. Choose one with --agent.");
        }

        return found.SingleOrDefault();
    }

    private bool Has(string name) => agent is null || agent == name;

    private IEnumerable<CatalogEntry> Older() =>
        (Opencode?.OlderSessions() ?? []).Select(session => new CatalogEntry(session, IsOlder: true));

    private static IReadOnlyList<CatalogEntry> Newest(IEnumerable<CatalogEntry> entries) =>
        [.. entries.OrderByDescending(entry => entry.Session.Updated)];
}

/// <summary>A session of this machine.</summary>
/// <param name="Session">As its storage lists it.</param>
/// <param name="IsOlder">Whether only the tables of OpenCode 1 hold it.</param>
internal sealed record CatalogEntry(AgentSession Session, bool IsOlder = false);
