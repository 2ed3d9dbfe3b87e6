using System.Text.Json;

namespace ShareRpc.Sources.Opencode;

/// <summary>
/// Keys put and not removed, about 100 bytes each. They name a removed message's parts, which its event does not, and
/// documents without a row.
/// </summary>
internal sealed class KnownDocuments
{
    private readonly Dictionary<string, HashSet<string>> partsByMessage = new(StringComparer.Ordinal);

    public IEnumerable<string> Messages => partsByMessage.Keys;

    public bool HasMessage(string messageId) => partsByMessage.ContainsKey(messageId);

    public bool HasPart(string messageId, string partId) =>
        partsByMessage.TryGetValue(messageId, out HashSet<string>? parts)
        && parts.Contains(partId);

    /// <summary>Returns ordinal order, so that all processes emit the same.</summary>
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

    public void UnionWith(KnownDocuments other)
    {
        foreach ((string messageId, HashSet<string> parts) in other.partsByMessage)
        {
            PutMessage(messageId);
            partsByMessage[messageId].UnionWith(parts);
        }
    }

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

/// <summary>Known documents at an event: <c>{"event_seq": n, "documents": {...}}</c>.</summary>
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
