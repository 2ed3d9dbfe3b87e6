using System.Text.Json;

namespace ShareRpc.Sources.Opencode;

/// <summary>
/// The known documents as they were at an event, in the form the outbox keeps: <c>{"event_seq": n, "documents": {...}}</c>.
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
            return new KnownKeys(root.GetProperty("event_seq").GetInt64(), KnownDocuments.FromJson(root.GetProperty("documents")));
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return None;
        }
    }
}
