using System.Text.Json;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.GeminiCli;

/// <summary>
/// How far the files of one conversation are read, the session's own or a subagent's, and what the next line needs to
/// know; in the bookmark.
/// </summary>
internal sealed class ChatState
{
    private const int MostRecent = 32;

    public Dictionary<string, ChatFileState> Files { get; set; } = new(StringComparer.Ordinal);

    /// <summary>Gets or sets the messages that came last; others are found in the files again.</summary>
    public List<KnownMessage> Recent { get; set; } = [];

    public long Time { get; set; }

    public long Created { get; set; }

    /// <summary>Gets or sets the last message of the user.</summary>
    public string? User { get; set; }

    public string? Model { get; set; }

    public string? Summary { get; set; }

    /// <summary>Gets or sets the beginning of what the user wrote first.</summary>
    public string? FirstText { get; set; }

    public int Messages { get; set; }

    public int Parts { get; set; }

    public TokenCounts Spent { get; set; } = new();

    /// <summary>Gets or sets the largest number of parts of a message.</summary>
    public int MostParts { get; set; }

    public ChatFileState Of(string tag)
    {
        if (!Files.TryGetValue(tag, out ChatFileState? file)) Files.Add(tag, file = new ChatFileState());
        return file;
    }

    public void Remember(KnownMessage message)
    {
        Recent.Remove(message);
        Recent.Add(message);
        if (Recent.Count > MostRecent) Recent.RemoveAt(0);
    }

    /// <summary>Returns the state to read all files again.</summary>
    public ChatState AtStart() => new()
    {
        MostParts = MostParts,
        Files = Files.ToDictionary(file => file.Key, file => new ChatFileState
        {
            Former = Math.Max(file.Value.Former, file.Value.Line), Lists = file.Value.Lists,
        }, StringComparer.Ordinal),
    };
}

/// <summary>How far a file is read.</summary>
internal sealed class ChatFileState
{
    private const int MostLists = 256;

    public LinePosition Position { get; set; } = LinePosition.Start;

    /// <summary>Gets or sets length and time of the file when it was read to its end.</summary>
    public string Stamp { get; set; } = "";

    public int Line { get; set; }

    /// <summary>Gets or sets the number of messages that came from one line, where it was more than one.</summary>
    public Dictionary<int, int> Lists { get; set; } = [];

    /// <summary>Gets or sets the number of lines before the file was replaced; their documents may be gone.</summary>
    public int Former { get; set; }

    /// <summary>Gets or sets what a file that is written anew each time added.</summary>
    public int Messages { get; set; }

    public int Parts { get; set; }

    public TokenCounts Spent { get; set; } = new();

    public void NoteList(int line, int count)
    {
        if (count > 1 && (Lists.Count < MostLists || Lists.ContainsKey(line)))
            Lists[line] = Math.Max(count, Lists.GetValueOrDefault(line));
    }
}

/// <summary>A message that was put.</summary>
internal sealed class KnownMessage
{
    public required string Key { get; set; }

    public string? Id { get; set; }

    /// <summary>Gets or sets who said it, and a digest of what: ids change when a session is taken up again.</summary>
    public string Digest { get; set; } = "";

    /// <summary>Gets or sets the tag of the file that holds it.</summary>
    public string File { get; set; } = "";

    public long Offset { get; set; }

    public int Index { get; set; }

    public long Created { get; set; }

    public string? Parent { get; set; }

    public int Parts { get; set; }

    public TokenCounts Tokens { get; set; } = new();

    public bool IsUndone { get; set; }
}

/// <summary>Tokens as Gemini counts them: input includes what was cached.</summary>
internal sealed record TokenCounts(long Input = 0, long Output = 0, long Cached = 0, long Thoughts = 0, long Total = 0)
{
    public bool IsNone => this == new TokenCounts();

    public static TokenCounts Of(JsonElement? json) => json is { } tokens
        ? new TokenCounts(
            tokens.Number("input") ?? 0, tokens.Number("output") ?? 0, tokens.Number("cached") ?? 0,
            tokens.Number("thoughts") ?? 0, tokens.Number("total") ?? 0)
        : new TokenCounts();

    public TokenCounts Plus(TokenCounts more, int times = 1) => new(
        Input + (times * more.Input), Output + (times * more.Output), Cached + (times * more.Cached),
        Thoughts + (times * more.Thoughts), Total + (times * more.Total));

    /// <summary>Writes the member <c>tokens</c>, in which no token is counted twice.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject("tokens");
        json.WriteNumber("input", Math.Max(0, Input - Cached));
        json.WriteNumber("output", Output);
        json.WriteNumber("reasoning", Thoughts);
        json.WriteNumber("total", Total);
        json.WriteStartObject("cache");
        json.WriteNumber("read", Cached);
        json.WriteNumber("write", 0);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
