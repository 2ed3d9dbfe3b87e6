using System.Text.Json;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.Codex;

/// <summary>
/// What the next line of a rollout file needs to know of those before it; in the bookmark, so bounded whatever the
/// file holds.
/// </summary>
internal sealed class RolloutState
{
    private const int MostTexts = 64;
    private const int MostIds = 64;
    private const int MostCalls = 96;
    private const int MostSpawned = 512;

    public LinePosition Position { get; set; } = LinePosition.Start;

    /// <summary>Gets or sets length and time of the file when it was read to its end.</summary>
    public string Stamp { get; set; } = "";

    public int Line { get; set; }

    /// <summary>Gets or sets the time of the newest record; times never go back.</summary>
    public long Time { get; set; }

    public long Created { get; set; }

    public string? Model { get; set; }

    public string? Provider { get; set; }

    public bool IsPaginated { get; set; }

    /// <summary>Gets or sets the name that was given to the session.</summary>
    public string? Title { get; set; }

    /// <summary>Gets or sets the beginning of what the user wrote first.</summary>
    public string? FirstText { get; set; }

    public string? TurnId { get; set; }

    /// <summary>Gets or sets the message that began the open turn.</summary>
    public string? TurnKey { get; set; }

    public bool IsTurnOpen { get; set; }

    public string? User { get; set; }

    public AnswerState? Answer { get; set; }

    /// <summary>Gets or sets the line of the last message of role user, for its pictures.</summary>
    public long? UserItem { get; set; }

    /// <summary>Gets or sets whether usage records say what a reply took; token counts repeat them.</summary>
    public bool HasUsageRecords { get; set; }

    public long LastTotal { get; set; }

    public int Messages { get; set; }

    public int Parts { get; set; }

    /// <summary>Gets or sets the largest number of parts that came from one line.</summary>
    public int MostParts { get; set; } = 1;

    public Usage Spent { get; set; } = new();

    /// <summary>Gets or sets texts that came as an event or as an item, and not yet as the other.</summary>
    public List<HalfText> Halves { get; set; } = [];

    /// <summary>Gets or sets ids of items that were taken.</summary>
    public List<string> Ids { get; set; } = [];

    public Dictionary<string, CallState> Calls { get; set; } = [];

    /// <summary>Gets or sets where subagents were started, by thread.</summary>
    public Dictionary<string, SpawnState> Spawned { get; set; } = [];

    /// <summary>Gets or sets the lines that were undone.</summary>
    public List<LineRange> Undone { get; set; } = [];

    /// <summary>Gets or sets the cut that <see cref="Undone"/> stands for.</summary>
    public string Cut { get; set; } = "";

    /// <summary>Gets or sets before which line only what is undone now is put again.</summary>
    public int Quiet { get; set; }

    /// <summary>Gets or sets the number of lines before the file was replaced; their documents may be gone.</summary>
    public int Former { get; set; }

    /// <summary>Gets or sets how the last turn ended; null if none did.</summary>
    public string? Outcome { get; set; }

    /// <summary>Gets or sets the line that says so.</summary>
    public long OutcomeAt { get; set; }

    public bool IsUndone(int line) => Undone.Exists(range => line >= range.From && line < range.To);

    /// <summary>Returns false for an id that was taken before.</summary>
    public bool TakeId(string? id)
    {
        if (id is null) return true;
        if (Ids.Contains(id)) return false;
        Ids.Add(id);
        if (Ids.Count > MostIds) Ids.RemoveAt(0);
        return true;
    }

    /// <summary>Returns what came in the other form; null, and remembers it, if nothing did.</summary>
    public HalfText? TakeOther(HalfText half)
    {
        int at = Halves.FindIndex(other => other.Kind == half.Kind && other.IsEvent != half.IsEvent
            && other.Digest == half.Digest);
        if (at >= 0)
        {
            HalfText other = Halves[at];
            Halves.RemoveAt(at);
            return other;
        }

        Halves.Add(half);
        if (Halves.Count > MostTexts) Halves.RemoveAt(0);
        return null;
    }

    public void AddCall(string id, CallState call)
    {
        Calls[id] = call;
        if (Calls.Count <= MostCalls) return;
        string oldest = Calls.OrderBy(entry => !entry.Value.IsOver).ThenBy(entry => entry.Value.Offset).First().Key;
        Calls.Remove(oldest);
    }

    public void AddSpawned(string thread, SpawnState spawn)
    {
        if (Spawned.Count < MostSpawned) Spawned[thread] = spawn;
    }

    /// <summary>Forgets what only the lines of one turn share.</summary>
    public void EndTurn()
    {
        IsTurnOpen = false;
        Halves.Clear();
        foreach (string id in Calls.Where(call => call.Value.IsOver).Select(call => call.Key).ToList())
            Calls.Remove(id);
    }

    /// <summary>Returns the state to read the file again from its start.</summary>
    public RolloutState AtStart() => new() { Undone = Undone, Cut = Cut, MostParts = MostParts };
}

/// <summary>A reply of the model: one message.</summary>
internal sealed class AnswerState
{
    public required string Key { get; set; }

    public required long Created { get; set; }

    public string? Parent { get; set; }

    public string? Model { get; set; }

    public string? Provider { get; set; }

    public long? Completed { get; set; }

    public string? Error { get; set; }

    public string? ErrorText { get; set; }

    public Usage? Usage { get; set; }

    public int Parts { get; set; }

    public int Calls { get; set; }

    /// <summary>Gets or sets whether the reply is complete: what follows is another one.</summary>
    public bool IsClosed { get; set; }
}

/// <summary>Tokens as Codex counts them: input includes what was cached, output includes reasoning.</summary>
internal sealed record Usage(long Input = 0, long Cached = 0, long CacheWrite = 0, long Output = 0, long Reasoning = 0)
{
    public long Total => Input + Output;

    public static Usage Of(JsonElement json) => new(
        json.Number("input_tokens") ?? 0, json.Number("cached_input_tokens") ?? 0,
        json.Number("cache_write_input_tokens") ?? 0, json.Number("output_tokens") ?? 0,
        json.Number("reasoning_output_tokens") ?? 0);

    public Usage Plus(Usage more) => new(
        Input + more.Input, Cached + more.Cached, CacheWrite + more.CacheWrite, Output + more.Output,
        Reasoning + more.Reasoning);

    /// <summary>Writes the member <c>tokens</c>, in which no token is counted twice.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject("tokens");
        json.WriteNumber("input", Math.Max(0, Input - Cached - CacheWrite));
        json.WriteNumber("output", Math.Max(0, Output - Reasoning));
        json.WriteNumber("reasoning", Reasoning);
        json.WriteNumber("total", Total);
        json.WriteStartObject("cache");
        json.WriteNumber("read", Cached);
        json.WriteNumber("write", CacheWrite);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}

/// <summary>A text that is there as an event and as an item.</summary>
internal sealed record HalfText(char Kind, bool IsEvent, string Digest, string? Key = null);

/// <summary>A call that may still get its output.</summary>
internal sealed class CallState
{
    public required long Offset { get; set; }

    public required string Message { get; set; }

    public required string Part { get; set; }

    public long Start { get; set; }

    public bool HasItem { get; set; }

    public bool HasOutput { get; set; }

    /// <summary>Gets or sets whether its end is known.</summary>
    public bool IsOver { get; set; }
}

/// <summary>Where a subagent was started.</summary>
internal sealed record SpawnState(long Offset, string Message, string Part, string? Name, string? Shown = null);

/// <summary>Lines from one to before another.</summary>
internal sealed record LineRange(int From, int To);
