using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.ClaudeCode;

/// <summary>Reads the transcripts of Claude Code.</summary>
internal sealed class ClaudeStorage : IAgentStorage
{
    private readonly string projects;
    private readonly TranscriptIndex index;

    private ClaudeStorage(string projects, TranscriptIndex index)
    {
        this.projects = projects;
        this.index = index;
    }

    /// <inheritdoc/>
    public string Agent => "claude";

    /// <inheritdoc/>
    public IReadOnlyList<string> WatchedFolders => [projects];

    /// <summary>Returns the storage; null if Claude Code was not used on this machine.</summary>
    public static ClaudeStorage? On(AgentHome home)
    {
        string projects = Path.Combine(home.FolderOf("CLAUDE_CONFIG_DIR", ".claude"), "projects");
        return Permission.MayHold(projects)
            ? new ClaudeStorage(projects, new TranscriptIndex(home.Index, projects)) : null;
    }

    /// <inheritdoc/>
    public IReadOnlyList<AgentSession> Sessions()
    {
        ILookup<bool, ListedFile> found = ListedFile.In(projects, IsTranscript, MayHoldTranscripts)
            .ToLookup(file => IsProject(Path.GetDirectoryName(file.Path)!));
        List<ListedFile> files =
            [.. found[true].Where(file => !Path.GetFileName(file.Path).StartsWith("agent-", StringComparison.Ordinal))];
        ILookup<string, ListedFile> subagents = found[false].ToLookup(file =>
            $"{Path.GetDirectoryName(Path.GetDirectoryName(file.Path))}.jsonl", StringComparer.Ordinal);
        index.Refresh(files);
        bool isAny = files.Exists(file => index.Of(file.Path) is { Node: not 0 });
        if (!isAny) Permission.Demand(projects, files, MayHoldTranscripts);
        if (index.Unplaced > 0 && !isAny)
        {
            throw new UnknownStorageException(
                $"None of the {index.Unplaced} files in {projects} begins as this version expects a transcript of "
                + "Claude Code to begin. Update sharerpc.");
        }

        return
        [
            .. files.Select(file => SessionOf(file, subagents[file.Path])).OfType<AgentSession>()
                .OrderByDescending(session => session.Updated)
                .ThenBy(session => session.Id, StringComparer.Ordinal),
        ];
    }

    /// <inheritdoc/>
    public ISessionReader Open(AgentSession session, string? bookmark)
    {
        ArgumentNullException.ThrowIfNull(session);
        return new ClaudeReader(session, bookmark, ForkOf(session.Path));
    }

    private static bool IsTranscript(string name) =>
        name.EndsWith(".jsonl", StringComparison.Ordinal) && TranscriptFold.SafeName(name) == name;

    private bool IsProject(string path) => Path.GetDirectoryName(path) == projects;

    private bool IsSession(string path) => Path.GetDirectoryName(path) is { } project && IsProject(project);

    private bool MayHoldTranscripts(string path) => IsProject(path) || IsSession(path)
        || (Path.GetFileName(path) == "subagents" && IsSession(Path.GetDirectoryName(path)!));

    /// <summary>Returns a session, which grows as its subagents do; null if it has no line yet.</summary>
    private AgentSession? SessionOf(ListedFile file, IEnumerable<ListedFile> subagents)
    {
        if (index.Of(file.Path) is not { Node: not 0 } known) return null;
        (DateTimeOffset written, long length) = (file.Written, file.Length);
        foreach (ListedFile subagent in subagents)
        {
            if (subagent.Written > written) written = subagent.Written;
            length += subagent.Length;
        }

        return new AgentSession(Agent, Path.GetFileNameWithoutExtension(file.Path), known.Title, known.Directory,
            written, length, file.Path, known.Version);
    }

    /// <summary>Returns the session that a fork repeats the lines of: it began before, with the same node.</summary>
    private string? ForkOf(string path)
    {
        if (index.Of(path) is not { Node: not 0 } known) return null;
        string? source = index.Begun(known.Node).Where(other => other.Path != path
                && Path.GetDirectoryName(other.Path) == Path.GetDirectoryName(path)
                && other.Head.Began < known.Began)
            .OrderByDescending(other => other.Head.Began).Select(other => other.Path).FirstOrDefault();
        return source is null ? null : Path.GetFileNameWithoutExtension(source);
    }
}
