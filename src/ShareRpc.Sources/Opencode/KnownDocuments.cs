using System.Text.Json;

namespace ShareRpc.Sources.Opencode;

/// <summary>
/// The keys of the messages and parts that this source has put and not removed: what tells which parts go with a
/// removed message (its event does not name them), and which documents are gone when rows are compared. Keys only;
/// about 100 bytes each.
/// </summary>
internal sealed class KnownDocuments
{
    private readonly Dictionary<string, HashSet<string>> partsByMessage = new(StringComparer.Ordinal);

    public IEnumerable<string> Messages => partsByMessage.Keys;

    public bool HasMessage(string messageId) => partsByMessage.ContainsKey(messageId);

    public bool HasPart(string messageId, string partId) =>
        partsByMessage.TryGetValue(messageId, out HashSet<string>? parts)
        && parts.Contains(partId);

    /// <summary>Returns the parts in ordinal order, so that two processes emit the same.</summary>
    public IReadOnlyList<string> PartsOf(string messageId) =>
        partsByMessage.TryGetValue(messageId, out HashSet<string>? parts)
            ? [.. parts.Order(StringComparer.Ordinal)] : [];

    public void PutMessage(string messageId) =>
        partsByMessage.TryAdd(messageId, new HashSet<string>(StringComparer.Ordinal));

    public void PutPart(string messageId, string partId)
    {
        PutMessage(messageId);
        partsByMessage[messageId].Add(partId);
    }

    public void RemovePart(string messageId, string partId)
    {
        if (partsByMessage.TryGetValue(messageId, out HashSet<string>? parts)) parts.Remove(partId);
    }

    public void RemoveMessage(string messageId) => partsByMessage.Remove(messageId);

    /// <summary>Adds every key of the other.</summary>
    public void UnionWith(KnownDocuments other)
    {
        foreach ((string messageId, HashSet<string> parts) in other.partsByMessage)
        {
            PutMessage(messageId);
            partsByMessage[messageId].UnionWith(parts);
        }
    }

    /// <summary>Returns <c>{"msg_...": ["prt_...", ...], ...}</c>.</summary>
    public string ToJson() => JsonSerializer.Serialize(partsByMessage);

    public static KnownDocuments FromJson(JsonElement json)
    {
        var known = new KnownDocuments();
        foreach (JsonProperty message in json.EnumerateObject())
        {
            known.PutMessage(message.Name);
            foreach (JsonElement part in message.Value.EnumerateArray()) known.PutPart(message.Name, part.GetString()!);
        }

        return known;
    }
}

/// <summary>
/// The known documents as they were at an event, in the form the outbox keeps: <c>{"event_seq": n, "documents":
/// {...}}</c>.
/// </summary>
internal sealed record KnownKeys(long EventSeq, KnownDocuments Documents)
{
    public static KnownKeys None => new(-1, new KnownDocuments());

    public string ToJson() => $$"""{"event_seq":{{EventSeq}},"documents":{{Documents.ToJson()}}}""";

    public static KnownKeys FromJson(string? json)
    {
        if (json is null) return None;
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            return new KnownKeys(root.GetProperty("event_seq").GetInt64(),
                KnownDocuments.FromJson(root.GetProperty("documents")));
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return None;
        }
    }
}
