using System.Text.Json;
using System.Text.Json.Serialization;
using ShareRpc.Protocol.Json;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.ClaudeCode;

/// <summary>Reads one session of Claude Code: its transcript, and those of its subagents.</summary>
internal sealed class ClaudeReader : ISessionReader
{
    private const int LargestDescription = 64 * 1024;
    private const string AgentPrefix = "agent-";

    private readonly AgentSession session;
    private readonly string? forkOf;
    private readonly string folder;
    private readonly ChangeBuffer buffer = new();
    private readonly Dictionary<string, int> unknown = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> agents = new(StringComparer.Ordinal);
    private readonly HashSet<string> described = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, TranscriptReader> subagents = new(StringComparer.Ordinal);
    private readonly TranscriptReader main;
    private string sessionDigest;

    /// <param name="session">The session.</param>
    /// <param name="bookmark">Of the last step; null for none.</param>
    /// <param name="forkOf">The session that this one is a fork of; null if it is none.</param>
    public ClaudeReader(AgentSession session, string? bookmark, string? forkOf)
    {
        this.session = session;
        this.forkOf = forkOf;
        folder = Path.ChangeExtension(session.Path, null);
        ClaudeBookmark read = ClaudeBookmark.FromJson(bookmark) ?? new ClaudeBookmark();
        sessionDigest = read.Session;
        main = Open(null, session.Path, read.Main);
        foreach ((string agent, TranscriptState state) in read.Subagents)
            subagents.Add(agent, Open(agent, PathOf(agent), state));
    }

    /// <inheritdoc/>
    public SourceReport Report => new(
        All.Sum(one => one.State.Messages), All.Sum(one => one.State.Parts), unknown,
        All.Sum(one => one.State.LostParents) is var lost and > 0
            ? new Dictionary<string, int> { ["lines before it"] = lost } : null);

    private IEnumerable<TranscriptReader> All => subagents.Values.Prepend(main);

    /// <inheritdoc/>
    public IEnumerable<SourceStep> Read()
    {
        FindSubagents();
        foreach (SourceStep step in main.Read()) yield return step;

        // A subagent may have started another one: its mark is known when the parent's transcript is read.
        foreach (TranscriptReader subagent in subagents.Values.OrderBy(Depth).ToList())
        {
            subagent.IsUndone = IsUndone(subagent.Agent!);
            foreach (SourceStep step in subagent.Read()) yield return step;
        }

        PutSession();
        if (!buffer.IsEmpty) yield return Take();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Files are open only while they are read.
    }

    private TranscriptReader Open(string? agent, string path, TranscriptState state) => new()
    {
        Session = session.Id, Agent = agent, Path = path, Outputs = Path.Combine(folder, "tool-results"), State = state,
        Buffer = buffer, Take = Take, Agents = agents, IsUndone = state.IsUndone,
        Unknown = name => unknown[name] = unknown.GetValueOrDefault(name) + 1,
    };

    private string PathOf(string agent) => Path.Combine(folder, "subagents", $"{AgentPrefix}{agent}.jsonl");

    private void FindSubagents()
    {
        foreach (ListedFile file in ListedFile.In(Path.Combine(folder, "subagents"), IsSubagent))
        {
            string agent = Path.GetFileNameWithoutExtension(file.Path)[AgentPrefix.Length..];
            if (!subagents.ContainsKey(agent)) subagents.Add(agent, Open(agent, file.Path, new TranscriptState()));
            if (!described.Contains(agent) && CallOf(file.Path) is { } call)
            {
                described.Add(agent);
                agents[call] = agent;
            }
        }
    }

    private static bool IsSubagent(string name) =>
        name.StartsWith(AgentPrefix, StringComparison.Ordinal) && name.EndsWith(".jsonl", StringComparison.Ordinal)
        && TranscriptFold.SafeName(name) == name;

    /// <summary>Returns the call that started a subagent, as the file beside its transcript says.</summary>
    private static string? CallOf(string transcript)
    {
        var file = new FileInfo(Path.ChangeExtension(transcript, ".meta.json"));
        try
        {
            if (!file.Exists || file.Length is 0 or > LargestDescription) return null;
            using JsonDocument? json = RecordFields.Parse(File.ReadAllBytes(file.FullName));
            return json?.RootElement.Text("toolUseId");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private (TranscriptReader Parent, StartState Start)? StartOf(string agent)
    {
        foreach (TranscriptReader reader in All)
            if (reader.State.Starts.FindLast(start => start.Agent == agent) is { } found) return (reader, found);
        return null;
    }

    private bool IsUndone(string agent) =>
        StartOf(agent) is { } found && (found.Start.IsUndone || found.Parent.State.IsUndone);

    private int Depth(TranscriptReader subagent)
    {
        int depth = 0;
        string? agent = subagent.Agent;
        while (agent is not null && depth < subagents.Count && StartOf(agent) is { } found)
        {
            agent = found.Parent.Agent;
            depth++;
        }

        return depth;
    }

    private void PutSession()
    {
        FactState facts = main.State.Facts;
        if (facts.Created == 0 && main.State.Messages == 0) return;
        DocumentChange document = SessionFormat.Session(session.Id, session.Agent, facts.Version, json =>
        {
            json.WriteString("title", facts.Shown());
            if (facts.Directory is not null) json.WriteString("directory", facts.Directory);
            if (facts.Branch is not null) json.WriteString("branch", facts.Branch);
            if (forkOf is not null)
            {
                json.WriteStartObject("fork");
                json.WriteString("session", forkOf);
                json.WriteEndObject();
            }

            if (facts.Model is not null)
            {
                json.WriteStartObject("model");
                json.WriteString("id", facts.Model);
                json.WriteEndObject();
            }

            if (facts.Cost is { } cost) json.WriteNumber("cost", cost);
            All.Aggregate(new Usage(), (sum, one) => sum + one.State.Facts.Spent).WriteTo(json);
            json.WriteStartObject("time");
            json.WriteNumber("created", facts.Created);
            json.WriteNumber("updated", facts.Updated);
            json.WriteEndObject();
        });
        string digest = $"{TranscriptLine.Hash(document.Data!.Value.ToString()):x16}";
        if (digest == sessionDigest) return;
        sessionDigest = digest;
        buffer.Add(document);
    }

    private SourceStep Take() => buffer.Take(new ClaudeBookmark
    {
        Session = sessionDigest, Main = main.State,
        Subagents = subagents.ToDictionary(one => one.Key, one => one.Value.State, StringComparer.Ordinal),
    }.ToJson());
}

/// <summary>How far the transcripts of a session are read.</summary>
internal sealed class ClaudeBookmark
{
    private const int Current = 1;

    private static readonly JsonSerializerOptions Options = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault, Encoder = ProtocolJson.Options.Encoder,
    };

    public int Version { get; set; }

    /// <summary>Gets or sets the digest of the session document.</summary>
    public string Session { get; set; } = "";

    public TranscriptState Main { get; set; } = new();

    public Dictionary<string, TranscriptState> Subagents { get; set; } = [];

    public string ToJson()
    {
        Version = Current;
        return JsonSerializer.Serialize(this, Options);
    }

    /// <summary>Returns null for none and for one of another version.</summary>
    public static ClaudeBookmark? FromJson(string? json)
    {
        try
        {
            return json is null ? null
                : JsonSerializer.Deserialize<ClaudeBookmark>(json, Options) is { Version: Current } read ? read : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
