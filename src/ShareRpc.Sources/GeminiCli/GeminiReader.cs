using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.GeminiCli;

/// <summary>Reads one session of Gemini CLI, with its subagents.</summary>
internal sealed class GeminiReader : ISessionReader
{
    private const int MostKept = 2000;

    private static readonly JsonSerializerOptions BookmarkOptions = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    };

    private readonly AgentSession session;
    private readonly GeminiStorage storage;
    private readonly GeminiBookmark bookmark;
    private readonly ChangeBuffer buffer = new();
    private readonly Dictionary<string, int> unknown = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ChatHistory> histories = new(StringComparer.Ordinal);

    /// <summary>Initializes the object.</summary>
    public GeminiReader(AgentSession session, GeminiStorage storage, string? bookmark)
    {
        this.session = session;
        this.storage = storage;
        this.bookmark = GeminiBookmark.FromJson(bookmark) ?? new GeminiBookmark();
    }

    /// <inheritdoc/>
    public SourceReport Report => new(
        bookmark.Chats.Values.Sum(chat => chat.Messages), bookmark.Chats.Values.Sum(chat => chat.Parts), unknown);

    /// <inheritdoc/>
    public IEnumerable<SourceStep> Read()
    {
        IReadOnlyList<ChatFile> files = storage.FilesOf(session);
        foreach (SourceStep step in ReadChat("", files)) yield return step;
        foreach (ChatFile file in storage.SubagentsOf(session))
        {
            foreach (SourceStep step in ReadChat(file.Head.Session, [file])) yield return step;
        }

        if (files.Count > 0) PutSession(files);
        if (!buffer.IsEmpty) yield return Take();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Files are open only while they are read.
    }

    private IEnumerable<SourceStep> ReadChat(string agent, IReadOnlyList<ChatFile> files)
    {
        if (!bookmark.Chats.TryGetValue(agent, out ChatState? state))
            bookmark.Chats.Add(agent, state = new ChatState());
        if (files.All(file => state.Of(file.Tag).Stamp == file.File.Stamp)) yield break;
        if (files.Any(file => !Continues(file, state.Of(file.Tag))))
        {
            bookmark.Chats[agent] = state = state.AtStart();
            histories.Remove(agent);
        }

        if (state.Files.Values.Any(file => file.Former > 0))
        {
            foreach (SourceStep step in Removed(agent, files, state)) yield return step;
        }

        ChatFold fold = FoldOf(agent, files, state);
        foreach (ChatFile file in files)
        {
            foreach (int _ in ReadFile(file, state, fold)) yield return Take();
        }

        if (histories.TryGetValue(agent, out ChatHistory? history) && history.IsLoaded && history.All.Count > MostKept)
            histories.Remove(agent);
    }

    /// <summary>Reads on in a file; returns when the buffer is full.</summary>
    private IEnumerable<int> ReadFile(ChatFile file, ChatState state, ChatFold fold)
    {
        ChatFileState at = state.Of(file.Tag);
        if (at.Stamp == file.File.Stamp) yield break;
        if (file.IsWhole)
        {
            ReadWhole(file, state, at, fold);
            yield break;
        }

        using LineFile? lines = Open(file);
        if (lines is null) yield break;
        long offset = at.Position.Offset;
        foreach (FileLine line in lines.LinesFrom(offset))
        {
            fold.Add(file.Tag, at.Line, offset, line);
            at.Line++;
            offset = line.End;
            if (!buffer.IsFull) continue;
            at.Position = lines.PositionAt(offset);
            yield return at.Line;
        }

        at.Position = lines.PositionAt(offset);
        at.Stamp = file.File.Stamp;
    }

    /// <summary>Reads a file that is one document; what it holds replaces what it held.</summary>
    private static void ReadWhole(ChatFile file, ChatState state, ChatFileState at, ChatFold fold)
    {
        if (Content(file) is not { } content) return; // being written
        using (content)
        {
            state.Messages -= at.Messages;
            state.Parts -= at.Parts;
            state.Spent = state.Spent.Plus(at.Spent, -1);
            (int messages, int parts, TokenCounts spent) = (state.Messages, state.Parts, state.Spent);
            fold.AddWhole(file.Tag, content.RootElement, at.Line);
            at.Line = content.RootElement.Items("messages").Count();
            (at.Messages, at.Parts) = (state.Messages - messages, state.Parts - parts);
            at.Spent = state.Spent.Plus(spent, -1);
            at.Stamp = file.File.Stamp;
        }
    }

    /// <summary>Removes what a file held before it was replaced, and holds no more.</summary>
    private IEnumerable<SourceStep> Removed(string agent, IReadOnlyList<ChatFile> files, ChatState state)
    {
        var keys = new HashSet<(string, string)>();
        Survey(agent, files, change => keys.Add((change.Kind, change.Key)), upTo: null);
        foreach ((string tag, ChatFileState file) in state.Files.Where(file => file.Value.Former > 0))
        {
            IEnumerable<string> messages = Enumerable.Range(0, file.Former).SelectMany(line => Enumerable
                .Range(0, file.Lists.GetValueOrDefault(line, 1)).Select(index => ChatPlace.KeyOf(tag, line, index)));
            foreach (DocumentChange gone in messages.SelectMany(key => ChatPlace.Removals(key, state.MostParts)))
            {
                if (keys.Contains((gone.Kind, gone.Key))) continue;
                buffer.Add(gone);
                if (buffer.IsFull) yield return Take();
            }

            file.Former = 0;
            file.Lists = [];
        }
    }

    private ChatFold FoldOf(string agent, IReadOnlyList<ChatFile> files, ChatState state)
    {
        if (!histories.TryGetValue(agent, out ChatHistory? history))
        {
            bool isNew = state.Files.Values.All(file => file is { Line: 0, Stamp: "" });
            history = isNew ? ChatHistory.Empty() : new ChatHistory(() => Survey(agent, files, _ => { }, state));
            histories.Add(agent, history);
        }

        return new ChatFold(PlaceOf(agent), state, history, buffer.Add)
        {
            HasOtherFiles = files.Count(file => file.Head.Title is not null) > 1,
            ReadAgain = (tag, offset, index) => ReadAgain(files, tag, offset, index),
            Unknown = type => unknown[type] = unknown.GetValueOrDefault(type) + 1,
        };
    }

    /// <summary>Reads files from their start, to where a state has read them if there is one.</summary>
    private ChatHistory Survey(
        string agent, IReadOnlyList<ChatFile> files, Action<DocumentChange> emit, ChatState? upTo)
    {
        var history = ChatHistory.Empty();
        var state = new ChatState();
        var fold = new ChatFold(PlaceOf(agent), state, history, emit)
        {
            HasOtherFiles = files.Count(file => file.Head.Title is not null) > 1,
        };
        foreach (ChatFile file in files)
        {
            int last = upTo?.Of(file.Tag).Line ?? int.MaxValue;
            if (file.IsWhole)
            {
                if (last > 0) ReadWhole(file, state, state.Of(file.Tag), fold);
                continue;
            }

            using LineFile? lines = Open(file);
            long offset = 0;
            int number = 0;
            foreach (FileLine line in lines?.LinesFrom(0) ?? [])
            {
                if (number >= last) break;
                fold.Add(file.Tag, number++, offset, line);
                offset = line.End;
            }
        }

        return history;
    }

    private ChatPlace PlaceOf(string agent) => new(session.Id, agent.Length == 0 ? null : agent);

    private void PutSession(IReadOnlyList<ChatFile> files)
    {
        ChatState own = bookmark.Of("");
        ChatFile live = files.FirstOrDefault(file => file.Head.Title is not null) ?? files[0];
        string title = own.Summary is { Length: > 0 } summary ? FirstLine.Of(summary) ?? "" : own.FirstText ?? "";
        DocumentChange document = SessionFormat.Session(session.Id, "gemini", null, json =>
        {
            json.WriteString("title", title);
            if (storage.DirectoryOf(live) is { } directory) json.WriteString("directory", directory);
            if (own.Model is not null)
            {
                json.WriteStartObject("model");
                json.WriteString("id", own.Model);
                json.WriteString("providerID", "google");
                json.WriteEndObject();
            }

            bookmark.Chats.Values.Aggregate(new TokenCounts(), (sum, chat) => sum.Plus(chat.Spent)).Write(json);
            json.WriteStartObject("time");
            json.WriteNumber("created", own.Created);
            json.WriteNumber("updated", bookmark.Chats.Values.Max(chat => Math.Max(chat.Time, chat.Created)));
            json.WriteEndObject();
        });
        string digest = Convert.ToHexStringLower(SHA256.HashData(document.Data!.Value.Utf8.Span).AsSpan(0, 8));
        if (digest == bookmark.Session) return;
        bookmark.Session = digest;
        buffer.Add(document);
    }

    private SourceStep Take() => buffer.Take(JsonSerializer.Serialize(bookmark, BookmarkOptions));

    private static bool Continues(ChatFile file, ChatFileState at)
    {
        if (file.IsWhole || at.Stamp == file.File.Stamp) return true;
        using LineFile? lines = Open(file);
        return lines?.Continues(at.Position) != false;
    }

    private static LineFile? Open(ChatFile file)
    {
        try
        {
            return LineFile.Open(file.File.Path);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private static JsonDocument? Content(ChatFile file)
    {
        try
        {
            return RecordFields.Parse(File.ReadAllBytes(file.File.Path));
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static JsonDocument? ReadAgain(IReadOnlyList<ChatFile> files, string tag, long offset, int index)
    {
        if (files.FirstOrDefault(file => file.Tag == tag) is not { } found) return null;
        using JsonDocument? record = found.IsWhole ? Content(found) : LineAt(found, offset);
        if (record is null) return null;
        JsonElement root = record.RootElement;
        JsonElement[] list = [.. root.Items("$set", "messages").Concat(root.Items("messages"))];
        JsonElement message = index < list.Length ? list[index] : root;
        return JsonDocument.Parse(message.Raw().Utf8);
    }

    private static JsonDocument? LineAt(ChatFile file, long offset)
    {
        using LineFile? lines = Open(file);
        foreach (FileLine line in lines?.LinesFrom(offset) ?? []) return RecordFields.Parse(line.Utf8.ToArray());
        return null;
    }
}

/// <summary>How far each conversation of a session is read; the session's own has no name.</summary>
internal sealed class GeminiBookmark
{
    private const int Current = 1;

    public int Version { get; set; } = Current;

    /// <summary>Gets or sets the digest of the session document.</summary>
    public string Session { get; set; } = "";

    public Dictionary<string, ChatState> Chats { get; set; } = new(StringComparer.Ordinal);

    public ChatState Of(string agent) => Chats.GetValueOrDefault(agent) ?? new ChatState();

    /// <summary>Returns null for none and for one of another version.</summary>
    public static GeminiBookmark? FromJson(string? json)
    {
        try
        {
            return json is null ? null
                : JsonSerializer.Deserialize<GeminiBookmark>(json) is { Version: Current } read ? read : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
