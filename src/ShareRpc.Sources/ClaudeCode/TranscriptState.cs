using System.Text.Json.Serialization;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.ClaudeCode;

/// <summary>What the next look needs of one transcript: bounded, whatever its length; a part of the bookmark.</summary>
internal sealed class TranscriptState
{
    /// <summary>Names the lane of the conversation itself; others are of subagents in the same file.</summary>
    public const string MainLane = "";

    private const int MostCalls = 200;
    private const int MostStarts = 500;
    private const int MostLanes = 32;
    private const int MostSides = 64;

    public LinePosition Position { get; set; } = LinePosition.Start;

    /// <summary>Gets or sets what the file looked like at the last look.</summary>
    public string Stamp { get; set; } = "";

    /// <summary>Gets or sets whether marks of what was undone may be stale before the position.</summary>
    public bool IsMixed { get; set; }

    /// <summary>Gets or sets whether what started this subagent was undone.</summary>
    public bool IsUndone { get; set; }

    public Dictionary<string, LaneState> Lanes { get; set; } = new(StringComparer.Ordinal);

    /// <summary>Gets or sets tool calls without a result, oldest first.</summary>
    public List<CallState> Calls { get; set; } = [];

    /// <summary>Gets or sets where subagents were started, oldest first.</summary>
    public List<StartState> Starts { get; set; } = [];

    /// <summary>Gets or sets the newest nodes of subagents in the same file, with their lanes.</summary>
    public List<SideNode> Sides { get; set; } = [];

    public LeafState Leaf { get; set; } = new();

    public TurnState Turn { get; set; } = new();

    /// <summary>Gets or sets the newest to-do list that was not undone; null for none.</summary>
    public TodoState? Todos { get; set; }

    /// <summary>Gets or sets what list was put last.</summary>
    public string TodosWritten { get; set; } = "";

    public FactState Facts { get; set; } = new();

    /// <summary>Gets or sets the open summary's message; null for none.</summary>
    public BoundaryState? Boundary { get; set; }

    /// <summary>Gets or sets the number of lines that go on from one that is not in the file.</summary>
    public int LostParents { get; set; }

    /// <summary>Gets or sets the unknown record types that have a notice.</summary>
    public HashSet<string> Noticed { get; set; } = new(StringComparer.Ordinal);

    public int Parts { get; set; }

    /// <summary>Gets or sets the most parts that a message has.</summary>
    public int MostParts { get; set; }

    /// <summary>Gets or sets the numbers of messages of the file that was here before, by lane.</summary>
    public Dictionary<string, int> Former { get; set; } = new(StringComparer.Ordinal);

    [JsonIgnore]
    public int Messages => Lanes.Values.Sum(lane => lane.Count);

    /// <summary>Returns the state for another file in this one's place.</summary>
    public TranscriptState Replaced()
    {
        var next = new TranscriptState
        {
            IsUndone = IsUndone, MostParts = MostParts, TodosWritten = $"{TodosWritten} before",
            Turn = new TurnState { From = Math.Max(Turn.From, Lane(MainLane).Count) },
        };
        foreach ((string lane, LaneState state) in Lanes) next.Former[lane] = state.Count;
        foreach ((string lane, int count) in Former)
            next.Former[lane] = Math.Max(count, next.Former.GetValueOrDefault(lane));
        return next;
    }

    /// <summary>Returns the state to read the file again with.</summary>
    public TranscriptState Again(bool isUndone) => new()
    {
        IsUndone = isUndone, Former = Former, MostParts = MostParts, TodosWritten = TodosWritten,
        Turn = new TurnState { Written = Turn.Written, From = Turn.From },
    };

    public LaneState Lane(string name)
    {
        if (Lanes.TryGetValue(name, out LaneState? lane)) return lane;
        if (Lanes.Count > MostLanes) Lanes.Remove(Lanes.Keys.First(key => key != MainLane));
        return Lanes[name] = new LaneState();
    }

    public void Add(CallState call)
    {
        Calls.Add(call);
        if (Calls.Count > MostCalls) Calls.RemoveAt(0);
    }

    public void Add(SideNode node)
    {
        Sides.Add(node);
        if (Sides.Count > MostSides) Sides.RemoveAt(0);
    }

    public void Add(StartState start)
    {
        Starts.Add(start);
        if (Starts.Count > MostStarts) Starts.RemoveAt(0);
    }
}

/// <summary>A node of a subagent's conversation in the same file.</summary>
internal sealed record SideNode(ulong Node, string Lane);

/// <summary>The messages of the conversation, or of a subagent in the same file.</summary>
internal sealed class LaneState
{
    private const int MostRecent = 16;

    public int Count { get; set; }

    /// <summary>Gets or sets the time of the newest message.</summary>
    public long Time { get; set; }

    /// <summary>Gets or sets the message that is being answered.</summary>
    public string? Asked { get; set; }

    /// <summary>Gets or sets the newest messages, newest last: a later line may belong to one.</summary>
    public List<MessageState> Recent { get; set; } = [];

    [JsonIgnore]
    public MessageState? Last => Recent.Count > 0 ? Recent[^1] : null;

    public void Add(MessageState message)
    {
        Count++;
        Recent.Add(message);
        if (Recent.Count > MostRecent) Recent.RemoveAt(0);
    }
}

/// <summary>A message that is there.</summary>
internal sealed class MessageState
{
    public required string Key { get; init; }

    /// <summary>Gets the digest of the agent's id.</summary>
    public ulong Id { get; init; }

    public long Created { get; init; }

    public int Parts { get; set; }

    public bool IsUndone { get; init; }

    public bool IsCommand { get; init; }

    public Usage Spent { get; set; } = new();

    [JsonIgnore]
    public bool WasUndone { get; init; }
}

/// <summary>A tool call that has no result yet.</summary>
internal sealed class CallState
{
    public required string Id { get; init; }

    public required string Message { get; init; }

    public required string Part { get; init; }

    /// <summary>Gets where the line with its input begins.</summary>
    public long Offset { get; init; }

    public int Length { get; init; }

    public long Start { get; init; }

    public bool IsUndone { get; init; }

    [JsonIgnore]
    public bool WasUndone { get; init; }
}

/// <summary>Where a subagent was started.</summary>
internal sealed class StartState
{
    public required string Call { get; init; }

    public required string Message { get; init; }

    public required string Part { get; init; }

    public long Offset { get; init; }

    public int Length { get; init; }

    public bool IsUndone { get; init; }

    /// <summary>Gets the digest of its prompt.</summary>
    public ulong Prompt { get; init; }

    /// <summary>Gets or sets the subagent; null if it is not known.</summary>
    public string? Agent { get; set; }

    public string Status { get; set; } = ToolCall.Running;

    [JsonIgnore]
    public bool WasUndone { get; init; }
}

/// <summary>The newest prompt or answer, with the nodes that hang on it.</summary>
internal sealed class LeafState
{
    private const int MostNodes = 256;

    public ulong Message { get; set; }

    public List<ulong> Nodes { get; set; } = [];

    public bool HasParents { get; set; }

    /// <summary>Returns whether a line goes on where the conversation is, so that nothing is undone by it.</summary>
    public bool IsContinuedBy(TranscriptLine line)
    {
        if (line.Parent == 0) return !(line.IsAsking && HasParents);
        return Nodes.Contains(line.Parent) || Nodes.Count == 0
            || (line.MessageId is { } id && TranscriptLine.Hash(id) == Message);
    }

    public void Take(TranscriptLine line, bool isLost)
    {
        bool isAnswer = line.Kind == LineKind.Answer;
        ulong message = line.MessageId is { } id ? TranscriptLine.Hash(id) : line.Node;
        bool isMore = isAnswer && message == Message;
        bool isHere = Nodes.Count == 0 || line.Parent == 0 || isLost || Nodes.Contains(line.Parent);
        HasParents |= line.Parent != 0;
        if ((isAnswer || line.IsAsking) && !isMore)
        {
            Nodes.Clear();
            Message = message;
        }
        else if (!isHere && !isMore)
        {
            return;
        }

        Nodes.Add(line.Node);
        if (Nodes.Count > MostNodes) Nodes.RemoveAt(0);
    }
}

/// <summary>A to-do list.</summary>
/// <param name="Call">The call that wrote it.</param>
/// <param name="Offset">Where its line begins.</param>
/// <param name="Length">The length of the line.</param>
internal sealed record TodoState(string Call, long Offset, int Length);

/// <summary>A summary that has no text yet.</summary>
/// <param name="Message">Its message.</param>
/// <param name="Part">Its part.</param>
/// <param name="IsAutomatic">The program made it by itself.</param>
/// <param name="IsUndone">It was undone.</param>
internal sealed record BoundaryState(string Message, string Part, bool IsAutomatic, bool IsUndone)
{
    [JsonIgnore]
    public bool WasUndone { get; init; }
}
