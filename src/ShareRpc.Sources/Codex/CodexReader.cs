using System.Text.Json;
using System.Text.Json.Serialization;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.Codex;

/// <summary>Reads one session of Codex: its files, those under them and those of its subagents.</summary>
internal sealed class CodexReader : ISessionReader
{
    private static readonly JsonSerializerOptions BookmarkOptions = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    };

    private readonly string session;
    private readonly RolloutCatalog catalog;
    private readonly Dictionary<string, int> unknown = new(StringComparer.Ordinal);
    private readonly ChangeBuffer buffer = new();
    private readonly string day;
    private readonly CodexBookmark bookmark;

    /// <summary>Initializes the object.</summary>
    public CodexReader(string session, RolloutCatalog catalog, string? bookmark)
    {
        this.session = session;
        this.catalog = catalog;
        this.bookmark = CodexBookmark.FromJson(bookmark) ?? new CodexBookmark();
        day = catalog.Of(session) is [{ } first, ..] ? catalog.DayOf(first) : "";
    }

    /// <inheritdoc/>
    public SourceReport Report
    {
        get
        {
            int lost = bookmark.Lost is null ? 0 : 1;
            return new SourceReport(bookmark.Files.Values.Sum(state => state.Messages) + lost,
                bookmark.Files.Values.Sum(state => state.Parts) + lost, unknown,
                bookmark.Lost is { } thread ? new Dictionary<string, int> { [$"session {thread}"] = 1 } : null);
        }
    }

    /// <inheritdoc/>
    public IEnumerable<SourceStep> Read()
    {
        catalog.Refresh(session, day);
        IReadOnlyList<RolloutPlan> plans = RolloutPlan.Of(session, catalog);
        PutLost(plans);
        foreach (RolloutPlan plan in plans)
        {
            foreach (SourceStep step in ReadFile(plan)) yield return step;
        }

        PutSubagents(plans);
        PutSession(plans);
        if (!buffer.IsEmpty) yield return Take();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Files are open only while they are read.
    }

    private IEnumerable<SourceStep> ReadFile(RolloutPlan plan)
    {
        string tag = plan.Place.Tag;
        RolloutState state = bookmark.Of(tag);
        if (ListedFile.Of(plan.File.File.Path) is not { Stamp: var stamp }) yield break; // the next look finds it
        if (state.Stamp == stamp && state.Cut == plan.CutText) yield break;
        using LineFile? lines = Open(plan.File);
        if (lines is null) yield break;
        foreach (DocumentChange gone in Begin(plan, ref state, lines))
        {
            buffer.Add(gone);
            if (buffer.IsFull) yield return Take();
        }

        RolloutFold fold = FoldOf(plan, state);
        long offset = state.Position.Offset;
        foreach (FileLine line in lines.LinesFrom(offset))
        {
            if (plan.Accepts(line, offset, state)) fold.Add(line, offset);
            else if (plan.IsForeign) break;
            else state.Line++;
            offset = line.End;
            if (!buffer.IsFull) continue;
            state.Position = lines.PositionAt(offset);
            yield return Take();
        }

        state.Position = lines.PositionAt(offset);
        state.Stamp = stamp;
        if (plan.Cut is null) fold.PutOpenTurn();
        if (buffer.IsFull) yield return Take();
    }

    /// <summary>Prepares the state for what happened to the file; returns the documents that are gone.</summary>
    private IEnumerable<DocumentChange> Begin(RolloutPlan plan, ref RolloutState state, LineFile lines)
    {
        string tag = plan.Place.Tag;
        if (!lines.Continues(state.Position))
        {
            int former = Math.Max(state.Line, state.Former);
            int most = state.MostParts;
            bookmark.Files[tag] = state = new RolloutState { Former = former, MostParts = most };
        }

        RolloutSurvey? survey = null;
        bool isRolledBack = RolloutSurvey.MayRollBack(lines, state.Position.Offset);
        if (state.Cut != plan.CutText || isRolledBack || state.Former > 0)
        {
            survey = RolloutSurvey.Of(plan, lines);
            int quiet = Math.Max(state.Line, state.Quiet);
            int former = state.Former;
            bookmark.Files[tag] = state = new RolloutState
            {
                Undone = survey.Undone, Cut = plan.CutText, Quiet = quiet, MostParts = state.MostParts,
            };
            if (former > 0) return survey.Gone(plan.Place, former, state.MostParts);
        }

        return [];
    }

    private RolloutFold FoldOf(RolloutPlan plan, RolloutState state) => new(
        plan.Place, state, change =>
        {
            if (state.Line >= state.Quiet || change.Kind == Kinds.Turn
                || state.IsUndone(plan.Place.LineOf(change.Key))) buffer.Add(change);
        },
        offset => ReadAgain(plan.File, offset))
    {
        Unknown = type => unknown[type] = unknown.GetValueOrDefault(type) + 1,
    };

    /// <summary>Says that the session goes on from one whose file is gone; or not any more.</summary>
    private void PutLost(IReadOnlyList<RolloutPlan> plans)
    {
        string? lost = RolloutPlan.LostUnder(session, catalog);
        if (lost == bookmark.Lost) return;
        bookmark.Lost = lost;
        string message = $"{session}-lost";
        string part = $"{message}.0";
        if (lost is null)
        {
            buffer.Add(SessionFormat.Removed(Kinds.Part, part));
            buffer.Add(SessionFormat.Removed(Kinds.Message, message));
            return;
        }

        buffer.Add(SessionFormat.Message(session, message, "system", agentSession: null, json =>
        {
            json.WriteStartObject("time");
            json.WriteNumber("created", plans[0].File.Head.Time);
            json.WriteEndObject();
        }));
        buffer.Add(SessionFormat.Notice(session, message, part, "lost_parent", $"session {lost}"));
    }

    /// <summary>Says of each subagent, where it was started, how it went.</summary>
    private void PutSubagents(IReadOnlyList<RolloutPlan> plans)
    {
        foreach (RolloutPlan plan in plans.Where(plan => plan is { StartedBy: not null, Cut: null }))
        {
            RolloutState child = bookmark.Of(plan.Place.Tag);
            string thread = plan.File.Head.Thread;
            string status = child.IsTurnOpen ? ToolCall.Running : child.Outcome ?? ToolCall.Running;
            foreach (RolloutPlan parent in plans.Where(one => one.File.Head.Thread == plan.StartedBy))
            {
                RolloutState state = bookmark.Of(parent.Place.Tag);
                string shown = $"{status}:{child.OutcomeAt}";
                if (!state.Spawned.TryGetValue(thread, out SpawnState? spawn) || spawn.Shown == shown) continue;
                using JsonDocument? end = child.Outcome is null ? null : ReadAgain(plan.File, child.OutcomeAt);
                FoldOf(parent, state).PutSubagent(
                    thread, status, end?.RootElement.Text("payload", "last_agent_message"));
                state.Spawned[thread] = spawn with { Shown = shown };
            }
        }
    }

    private void PutSession(IReadOnlyList<RolloutPlan> plans)
    {
        RolloutPlan? live = plans.LastOrDefault(plan => plan is { Place.AgentSession: null, IsForeign: false });
        if (live is null) return;
        RolloutHead head = live.File.Head;
        RolloutHead first = plans.First(plan => plan.File.Head.Thread == session).File.Head;
        List<RolloutState> states = [.. plans.Select(plan => bookmark.Of(plan.Place.Tag))];
        RolloutState own = bookmark.Of(live.Place.Tag);
        string title = catalog.Names().GetValueOrDefault(session) ?? own.Title
            ?? states.Select(state => state.FirstText).FirstOrDefault(text => text is not null) ?? "";
        DocumentChange document = SessionFormat.Session(session, "codex", head.Version, json =>
        {
            json.WriteString("title", title);
            if (head.Directory is not null) json.WriteString("directory", head.Directory);
            if (head.Branch is not null) json.WriteString("branch", head.Branch);
            if (head.ForkedFrom is { } from)
            {
                json.WriteStartObject("fork");
                json.WriteString("session", from);
                json.WriteEndObject();
            }

            if (own.Model is not null)
            {
                json.WriteStartObject("model");
                json.WriteString("id", own.Model);
                if (own.Provider is not null) json.WriteString("providerID", own.Provider);
                json.WriteEndObject();
            }

            states.Aggregate(new Usage(), (sum, state) => sum.Plus(state.Spent)).Write(json);
            json.WriteStartObject("time");
            json.WriteNumber("created", first.Time);
            json.WriteNumber("updated", states.Max(state => state.Time));
            json.WriteEndObject();
        });
        string digest = Convert.ToHexStringLower(
            System.Security.Cryptography.SHA256.HashData(document.Data!.Value.Utf8.Span).AsSpan(0, 8));
        if (digest == bookmark.Session) return;
        bookmark.Session = digest;
        buffer.Add(document);
    }

    private SourceStep Take() => buffer.Take(JsonSerializer.Serialize(bookmark, BookmarkOptions));

    /// <summary>Opens a file; null if it was moved or is being compressed: the next look finds it.</summary>
    private static LineFile? Open(RolloutFile file)
    {
        try
        {
            return file.Open();
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private static JsonDocument? ReadAgain(RolloutFile file, long offset)
    {
        using LineFile? lines = Open(file);
        foreach (FileLine line in lines?.LinesFrom(offset) ?? []) return RecordFields.Parse(line.Utf8.ToArray());
        return null;
    }
}

/// <summary>How far each file of a session is read.</summary>
internal sealed class CodexBookmark
{
    private const int Current = 1;

    public int Version { get; set; } = Current;

    /// <summary>Gets or sets the digest of the session document.</summary>
    public string Session { get; set; } = "";

    /// <summary>Gets or sets the session that this one goes on from, if its file is gone.</summary>
    public string? Lost { get; set; }

    public Dictionary<string, RolloutState> Files { get; set; } = new(StringComparer.Ordinal);

    public RolloutState Of(string tag)
    {
        if (!Files.TryGetValue(tag, out RolloutState? state)) Files.Add(tag, state = new RolloutState());
        return state;
    }

    /// <summary>Returns null for none and for one of another version.</summary>
    public static CodexBookmark? FromJson(string? json)
    {
        try
        {
            return json is null ? null
                : JsonSerializer.Deserialize<CodexBookmark>(json) is { Version: Current } read ? read : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
