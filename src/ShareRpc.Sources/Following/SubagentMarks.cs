using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Sources.Following;

/// <summary>
/// Marks the parts of subagents' messages with <c>agent_session</c>: what a subagent was told and said is input and
/// output of a tool, and a reader from whom tools are hidden must see neither.
/// </summary>
internal sealed class SubagentMarks
{
    private const int MostRemembered = 4096;
    private const int MostStored = 16;

    private readonly Dictionary<string, string> sessions = new(StringComparer.Ordinal);
    private readonly Queue<string> order = new();

    /// <summary>Gets the newest messages of subagents, whose other parts a later process may read.</summary>
    public IReadOnlyList<SubagentMessage> Newest =>
        [.. order.TakeLast(MostStored).Select(id => new SubagentMessage(id, sessions[id]))];

    /// <summary>Remembers what an earlier process stored.</summary>
    public void Add(IReadOnlyList<SubagentMessage> stored)
    {
        foreach (SubagentMessage message in stored) Remember(message.Id, message.Session);
    }

    /// <summary>Remembers a subagent's message; returns its part with the mark, and all else as it is.</summary>
    public DocumentChange Mark(DocumentChange change)
    {
        bool mayConcern = change.Kind == Kinds.Message || (change.Kind == Kinds.Part && sessions.Count > 0);
        if (change.Data is not { } data || !mayConcern) return change;
        using JsonDocument? document = Parsed(data);
        if (document is null) return change;
        JsonElement root = document.RootElement;
        string? session = Text(root, "agent_session"u8);
        if (change.Kind == Kinds.Message)
        {
            if (session is not null) Remember(change.Key, session);
            return change;
        }

        bool isMarked = session is not null || Text(root, "messageID"u8) is not { } message
            || !sessions.TryGetValue(message, out session);
        return isMarked ? change : change with { Data = WithMark(data, session!) };
    }

    private void Remember(string message, string session)
    {
        if (!sessions.TryAdd(message, session)) return;
        order.Enqueue(message);
        if (order.Count > MostRemembered) sessions.Remove(order.Dequeue());
    }

    /// <summary>Returns null for what is too deep: a placeholder is sent for it.</summary>
    private static JsonDocument? Parsed(RawJson data)
    {
        try
        {
            return data.ToDocument();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static RawJson WithMark(RawJson part, string session)
    {
        byte[] mark = Encoding.UTF8.GetBytes($$"""{"agent_session":{{JsonSerializer.Serialize(session)}},""");
        byte[] marked = [.. mark, .. part.Utf8.Span[(part.Utf8.Span.IndexOf((byte)'{') + 1)..]];
        return new RawJson(marked);
    }

    private static string? Text(JsonElement root, ReadOnlySpan<byte> name)
    {
        if (!JsonMembers.TryFind(root, name, out JsonElement value) || value.ValueKind != JsonValueKind.String)
            return null;
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null; // a lone surrogate: no id
        }
    }
}

/// <summary>A message of a subagent.</summary>
internal sealed record SubagentMessage(string Id, string Session);
